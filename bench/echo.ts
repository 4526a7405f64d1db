import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { generate, type Packet, parser } from "mqtt-packet";
import type { Login } from "./mqtt-load.ts";

/** Clients that are in already and send themselves a message again and again. */
export interface Echoes {
  /** Forgets what was measured so far. */
  reset(): void;
  /** How long each message was under way, microseconds. */
  latenciesUs(): Float64Array;
  stop(): void;
}

const everyMs = 20;

/** Starts an echo for each login, on a topic of its own; what is late is counted from when it was due. */
export async function startEchoes(port: number, logins: readonly Login[]): Promise<Echoes> {
  const latencies: number[] = [];
  const sockets = await Promise.all(logins.map((login) => startEcho(port, login, latencies)));
  const startedMs = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    for (; startedMs + sent * everyMs <= performance.now(); sent += 1) {
      for (const { socket, topic } of sockets)
        socket.write(publishOf(topic, String(startedMs + sent * everyMs)));
    }
  }, everyMs);
  return {
    reset: () => void latencies.splice(0),
    latenciesUs: () => Float64Array.from(latencies),
    stop: () => {
      clearInterval(timer);
      for (const { socket } of sockets) socket.destroy();
    },
  };
}

async function startEcho(
  port: number,
  { username, password }: Login,
  latencies: number[],
): Promise<{ socket: Socket; topic: string }> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  const topic = `devices/${username}/messages/echo`;
  const packets = parser();
  socket.on("data", (bytes) => packets.parse(bytes));
  const next = (cmd: Packet["cmd"]) =>
    new Promise<void>((resolve) => packets.on("packet", (packet) => packet.cmd === cmd && resolve()));
  const session = { protocolId: "MQTT", protocolVersion: 4, clean: true, keepalive: 3600 } as const;
  socket.write(
    generate({ cmd: "connect", ...session, clientId: username, username, password: Buffer.from(password) }),
  );
  await next("connack");
  socket.write(generate({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 0 }] }));
  await next("suback");
  packets.on("packet", (packet) => {
    if (packet.cmd === "publish")
      latencies.push((performance.now() - Number(packet.payload.toString())) * 1000);
  });
  return { socket, topic };
}

function publishOf(topic: string, payload: string): Buffer {
  return generate({ cmd: "publish", topic, payload, qos: 0, dup: false, retain: false });
}
