import { connect } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { generate } from "mqtt-packet";
import type { Login } from "./mqtt-load.ts";

/** Devices that all connect at the same moment, in a thread of their own. */
export interface StormOrder {
  readonly port: number;
  readonly logins: readonly Login[];
}

export interface StormReport {
  /** From the first connect to the last CONNACK. */
  readonly seconds: number;
  /** CONNECTs that had to be tried again. */
  readonly again: number;
}

const againMs = 1000;
const connackBytes = 4;

// Only the benchmark starts this file.
const { port, logins } = workerData as StormOrder;

/** Tries until it is let in, as a device does; answers with how often it was not. */
function enter(login: Login): Promise<number> {
  return new Promise((resolve) => {
    let failures = 0;
    const attempt = (): void => {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      let isIn = false;
      socket.on("error", () => undefined);
      socket.once("connect", () => socket.write(connectPacket(login)));
      socket.on("data", (bytes) => {
        isIn ||= bytes.length >= connackBytes && bytes[3] === 0;
        if (isIn) resolve(failures);
      });
      socket.once("close", () => {
        if (isIn) return;
        failures += 1;
        setTimeout(attempt, againMs);
      });
    };
    attempt();
  });
}

function connectPacket({ username, password }: Login): Buffer {
  const session = { protocolId: "MQTT", protocolVersion: 4, clean: true, keepalive: 3600 } as const;
  return generate({
    cmd: "connect",
    ...session,
    clientId: username,
    username,
    password: Buffer.from(password),
  });
}

parentPort?.once("message", async () => {
  const startedMs = performance.now();
  const failures = await Promise.all(logins.map(enter));
  const again = failures.reduce((sum, count) => sum + count, 0);
  parentPort?.postMessage({ seconds: (performance.now() - startedMs) / 1000, again } satisfies StormReport);
});
