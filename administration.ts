import { administer } from "./platform/access-administration.ts";
import type { AccessCommand } from "./platform/access-command.ts";
import { AccessDesk } from "./platform/access-desk.ts";
import { readConfig } from "./platform/config.ts";
import { codeOf, PlatformError } from "./platform/errors.ts";
import { Lifecycle } from "./platform/lifecycle.ts";
import { administerOperators } from "./platform/operator-administration.ts";
import type { OperatorCommand } from "./platform/operator-command.ts";
import { openRedisEvents } from "./platform/redis-events.ts";
import { openLog } from "./platform/telemetry.ts";
import { openStores, type StoreDeps } from "./stores.ts";

const now = (): number => Date.now() * 1000;

/** Carries out a command about who may connect, prints what it answers, and ends; answers with the exit code. */
export async function runCommand(command: AccessCommand | OperatorCommand): Promise<number> {
  const config = readConfig([]);
  // What it has to say is its answer, or its error.
  const log = openLog({ level: "silent", format: "json" });
  const life = new Lifecycle(log, config.STOP_DEADLINE_SECONDS * 1000);
  try {
    const stores = await openQuietly({ config, log, life, onLost: () => undefined });
    const { REDIS_URL: url } = config;
    const opening = url === null ? null : () => openRedisEvents({ url, log });
    const events = opening === null ? null : await life.add("events", opening, (opened) => opened.close());
    const desk = new AccessDesk({ ...stores, events, log });
    const answer =
      command.noun === "operators"
        ? await administerOperators(command, stores.operators)
        : await administer(command, { ...stores, desk, now });
    if (typeof answer === "string") {
      process.stdout.write(answer);
      return 0;
    }
    const lines = (answer.lines ?? []).map(({ line, reason }) => `\n  line ${line}: ${reason}`);
    process.stderr.write(`tidemark: ${answer.code}: ${answer.reason}${lines.join("")}\n`);
    return 1;
  } finally {
    await life.stop();
  }
}

async function openQuietly(deps: StoreDeps) {
  try {
    return await openStores(deps);
  } catch (cause) {
    if (codeOf(cause) !== "DATA_DIR_LOCKED") throw cause;
    const message =
      `the platform is running on ${deps.config.DATA_DIR} (DATA_DIR), and its embedded database belongs to it alone: ` +
      "use its API instead, such as POST /api/v1/devices, or stop it first";
    throw new PlatformError("DATA_DIR_LOCKED", message, { cause, retryable: false });
  }
}
