import { parentPort, workerData } from "node:worker_threads";
import { enter, publishPacket, subscribe } from "./mqtt-peer.ts";

// A well-behaved client in a thread of its own, so that what its neighbours cost their own process is not counted as the broker's.

export interface EchoOrder {
  readonly port: number;
  readonly everyMs: number;
}

// Only healthy-client.ts starts this file.
const { port, everyMs } = workerData as EchoOrder;
const topic = "devices/healthy/messages/echo";
const peer = await enter(port, "healthy", { keepalive: 10 });
await subscribe(peer, topic);

/** When each echo that is still missing was due. */
const due = new Map<number, number>();
let latenciesMs: number[] = [];
let number = 0;
let dueMs = performance.now();

peer.socket.on("data", () => {
  for (const packet of peer.received.splice(0)) {
    if (packet.cmd !== "publish") continue;
    const echoed = Number(packet.payload.toString());
    const sinceMs = due.get(echoed);
    if (sinceMs !== undefined) latenciesMs.push(performance.now() - sinceMs);
    due.delete(echoed);
  }
});

// An open loop: what is late is counted from the moment it was due, also while nothing can be sent.
setInterval(() => {
  while (dueMs <= performance.now()) {
    number += 1;
    due.set(number, dueMs);
    peer.send(publishPacket(topic, String(number), { qos: 0 }));
    dueMs += everyMs;
  }
}, everyMs);

parentPort?.on("message", () => {
  const nowMs = performance.now();
  // What has not come back for long counts with the time it has taken so far.
  const missing = [...due.values()].map((sinceMs) => nowMs - sinceMs).filter((ms) => ms > 1000);
  parentPort?.postMessage(Float64Array.from([...latenciesMs, ...missing]));
  latenciesMs = [];
});
parentPort?.postMessage("ready");
