import { openAlarmStore } from "../../platform/alarms/alarm-store.ts";
import { openDatabase } from "../../platform/database/database.ts";
import { openLog } from "../../platform/telemetry.ts";

// Raises alarms and ends them, one after another until it is killed, and says after each turn what it had done.

const [url = "", first = "0"] = process.argv.slice(2);
const log = openLog({ level: "silent", format: "json" });
const store = openAlarmStore(await openDatabase({ url, log, isSole: false, connections: 4 }));
const keys = Array.from({ length: 25 }, (_, number) => ({ deviceId: `killed-${number}`, sensorType: "" }));

for (let turn = Number(first); ; turn += 1) {
  const what = { rule: "silent", atUs: turn, score: 0.6, value: null, expected: null, holds: true };
  await store.raise(keys.map((key) => ({ ...key, ...what, sentence: `Silent in turn ${turn}.` })));
  await store.settleRule("silent", keys);
  process.stdout.write(`${turn}\n`);
}
