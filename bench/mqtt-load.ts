import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { generate, type Packet } from "mqtt-packet";

/** A load generator that costs little itself: raw sockets, packets built beforehand, a window of messages per connection. */
export interface LoadResult {
  readonly acknowledged: number;
  readonly seconds: number;
}

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  /** Messages under way per connection. */
  readonly window: number;
  readonly messages: number;
  /** The payload of message number `index` of all. */
  readonly payloadOf: (index: number, deviceId: string) => string;
}

const pubackType = 0x40;

/** Publishes `messages` messages with QoS 1 and resolves when the last PUBACK has come. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { connections, messages } = options;
  const share = Math.floor(messages / connections);
  const prepared = await Promise.all(
    Array.from({ length: connections }, (_, connection) => prepare({ ...options, share }, connection)),
  );
  const startedMs = performance.now();
  await Promise.all(prepared.map((run) => run()));
  return { acknowledged: share * connections, seconds: (performance.now() - startedMs) / 1000 };
}

async function prepare(
  { port, window, payloadOf, share }: LoadOptions & { readonly share: number },
  connection: number,
): Promise<() => Promise<void>> {
  const deviceId = `bench-${connection}`;
  const packets = Array.from({ length: share }, (_, index) =>
    bytesOf({
      cmd: "publish",
      topic: `devices/${deviceId}/telemetry`,
      payload: payloadOf(connection * share + index, deviceId),
      qos: 1,
      messageId: (index % 65_535) + 1,
      dup: false,
      retain: false,
    }),
  );
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  socket.write(
    bytesOf({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: true,
      clientId: deviceId,
      keepalive: 0,
    }),
  );
  await once(socket, "data");
  return () => send(socket, packets, window);
}

function bytesOf(packet: Packet): Buffer {
  return generate(packet);
}

/** Keeps `window` messages under way: every chunk of PUBACKs, four bytes each, makes room for as many more. */
async function send(socket: Socket, packets: readonly Buffer[], window: number): Promise<void> {
  let next = Math.min(window, packets.length);
  let acknowledged = 0;
  let partial = 0;
  const done = new Promise<void>((resolve, reject) => {
    socket.on("data", (chunk: Buffer) => {
      if (partial === 0 && chunk[0] !== pubackType)
        reject(new Error(`expected a PUBACK, got type ${chunk[0]}`));
      const bytes = partial + chunk.length;
      partial = bytes % 4;
      const fresh = (bytes - partial) / 4;
      acknowledged += fresh;
      if (next < packets.length) {
        const until = Math.min(next + fresh, packets.length);
        socket.write(Buffer.concat(packets.slice(next, until)));
        next = until;
      }
      if (acknowledged >= packets.length) resolve();
    });
    socket.once("close", () => reject(new Error("the broker closed the connection")));
  });
  socket.write(Buffer.concat(packets.slice(0, next)));
  await done;
  socket.removeAllListeners("close");
  socket.destroy();
}
