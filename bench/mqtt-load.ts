import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { generate } from "mqtt-packet";

// A load generator that costs little itself: bare sockets, packets built beforehand and written in one piece, acknowledgements
// counted by their bytes in a buffer that is used again, a window of messages per connection.

export interface LoadResult {
  readonly acknowledged: number;
  readonly seconds: number;
}

/** User name and password. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  /** Messages under way per connection. */
  readonly window: number;
  /** How many messages are built, for all connections together. */
  readonly messages: number;
  /** The messages are sent round and round for so long; once each if left out. */
  readonly seconds?: number;
  readonly topicOf: (deviceId: string) => string;
  /** The device of a connection's message number `index`; one device a connection if left out. */
  readonly deviceOf?: (connection: number, index: number) => string;
  /** What a connection shows; nothing if left out. */
  readonly loginOf?: (deviceId: string) => Login;
  /** The payload of message number `index` of all. */
  readonly payloadOf: (index: number, deviceId: string) => string;
}

/** Publishes with QoS 1 and resolves when the last PUBACK has come. The time counts from the first publish. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const publishers = await Promise.all(
    Array.from({ length: options.connections }, async (_, connection) => {
      const deviceId = `bench-${connection}`;
      const opened = await openConnection(options.port, deviceId, options.loginOf?.(deviceId));
      return new Publisher(opened, buildPackets(options, connection));
    }),
  );
  const startedMs = performance.now();
  const untilMs = startedMs + (options.seconds ?? 0) * 1000;
  const counts = await Promise.all(
    publishers.map((publisher) => publisher.run(options.window, () => performance.now() < untilMs)),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  return { acknowledged: counts.reduce((sum, count) => sum + count, 0), seconds };
}

/** Packets one behind the other, and where each of them begins; the last place is the end. */
interface Packets {
  readonly bytes: Buffer;
  readonly places: readonly number[];
}

function buildPackets({ messages, connections, ...options }: LoadOptions, connection: number): Packets {
  const share = Math.floor(messages / connections);
  const packets = Array.from({ length: share }, (_, index) => {
    const deviceId = options.deviceOf?.(connection, index) ?? `bench-${connection}`;
    const payload = options.payloadOf(connection * share + index, deviceId);
    return publishOf(options.topicOf(deviceId), payload, index);
  });
  let end = 0;
  const places = packets.map((packet) => {
    end += packet.length;
    return end - packet.length;
  });
  return { bytes: Buffer.concat(packets), places: [...places, end] };
}

/** A publish with QoS 1 as bytes; `index` makes its packet id. */
export function publishOf(topic: string, payload: string, index: number): Buffer {
  const messageId = (index % 65_535) + 1;
  return generate({ cmd: "publish", topic, payload, qos: 1, messageId, dup: false, retain: false });
}

/** A connection whose CONNACK has come. What comes then goes to `hear`. */
interface Connection {
  readonly socket: Socket;
  hear: (chunk: Uint8Array) => void;
}

/** Opens an MQTT connection that owes a sign of life once an hour. */
export async function openConnection(port: number, clientId: string, login?: Login): Promise<Connection> {
  const socket = connect({
    port,
    host: "127.0.0.1",
    noDelay: true,
    onread: {
      buffer: Buffer.alloc(4096),
      callback: (bytes, buffer) => {
        connection.hear(buffer.subarray(0, bytes));
        return true;
      },
    },
  });
  const connection: Connection = { socket, hear: () => undefined };
  await once(socket, "connect");
  const accepted = new Promise<void>((resolve, reject) => {
    connection.hear = () => resolve();
    socket.once("close", () => reject(new Error("the broker closed the connection")));
  });
  socket.write(
    generate({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: true,
      clientId,
      keepalive: 3600,
      ...(login === undefined ? {} : { username: login.username, password: Buffer.from(login.password) }),
    }),
  );
  await accepted;
  return connection;
}

const pubackType = 0x40;
export const pubackBytes = 4;

/** Keeps between half a window and a whole one under way, so that a broker that acknowledges one by one is not answered one by one. */
class Publisher {
  readonly #connection: Connection;
  readonly #packets: Packets;
  readonly #count: number;
  #sent = 0;
  #acknowledgedBytes = 0;

  constructor(connection: Connection, packets: Packets) {
    this.#connection = connection;
    this.#packets = packets;
    this.#count = packets.places.length - 1;
  }

  /** Sends every message once, and again while `mayRepeat`; answers with how many were acknowledged. */
  run(window: number, mayRepeat: () => boolean): Promise<number> {
    const { socket } = this.#connection;
    return new Promise((resolve, reject) => {
      socket.once("close", () => reject(new Error("the broker closed the connection")));
      this.#connection.hear = (chunk) => {
        if (this.#acknowledgedBytes % pubackBytes === 0 && chunk[0] !== pubackType)
          reject(new Error(`expected a PUBACK, got type ${chunk[0]}`));
        this.#acknowledgedBytes += chunk.length;
        const acknowledged = Math.floor(this.#acknowledgedBytes / pubackBytes);
        const room = window - (this.#sent - acknowledged);
        if (room >= window / 2) this.#send(mayRepeat() ? room : Math.min(room, this.#count - this.#sent));
        if (acknowledged < this.#sent) return;
        socket.removeAllListeners("close");
        socket.destroy();
        resolve(acknowledged);
      };
      this.#send(Math.min(window, this.#count));
    });
  }

  #send(messages: number): void {
    const { bytes, places } = this.#packets;
    let left = messages;
    while (left > 0) {
      const from = this.#sent % this.#count;
      const until = Math.min(from + left, this.#count);
      this.#connection.socket.write(bytes.subarray(places[from], places[until]));
      this.#sent += until - from;
      left -= until - from;
    }
  }
}
