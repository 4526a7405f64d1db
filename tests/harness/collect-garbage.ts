import { once } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { WebSocket } from "ws";
import { until } from "./local-servers.ts";
import type { Program } from "./program.ts";

/** What a program is to be started with so that its garbage can be collected from outside, on a free port. */
export const collectable = { NODE_OPTIONS: "--inspect-port=127.0.0.1:0" };

/**
 * Has a program that was started as `collectable` let go of all that it does not hold. Left alone it does so when it needs room, which may
 * be never once it is calm.
 */
export async function collectGarbage({ child, output }: Program): Promise<void> {
  const address = () => /Debugger listening on (ws:\S+)/.exec(output())?.[1];
  if (address() === undefined) child.kill("SIGUSR1");
  await until("it can be asked", () => address() !== undefined);
  const socket = new WebSocket(address() ?? "");
  await once(socket, "open");
  socket.send(JSON.stringify({ id: 1, method: "HeapProfiler.collectGarbage" }));
  await once(socket, "message");
  socket.close();
}

/** Has this process let go of all that it does not hold: what only seems to be held is gone afterwards. */
export function collectOwnGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}
