import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { flowOf, Pace } from "./pace.ts";
import { paceReading } from "./paced-reading.ts";

const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Two ends of a connection; the far one is read no faster than so many bytes a second. */
async function openPaced(bytesPerSecond: number) {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const near = connect(typeof address === "object" && address !== null ? address.port : 0, "127.0.0.1");
  const [far]: Socket[] = await once(server, "connection");
  server.close();
  if (far === undefined) throw new Error("nobody came");
  sockets.push(near, far);
  const now = (): number => performance.now();
  const heard: Buffer[] = [];
  const pace = new Pace({ messages: undefined, bytes: flowOf(bytesPerSecond) }, now());
  paceReading(far, { pace, now, onHeld: () => undefined });
  // As Aedes reads: all there is, whenever some has come.
  far.on("readable", () => {
    const bytes: Buffer | null = far.read();
    if (bytes !== null) heard.push(bytes);
  });
  return { near, far, heardBytes: () => heard.reduce((sum, { length }) => sum + length, 0), heard };
}

test("what may not pass waits with its sender, not in our memory", async () => {
  const { near, far, heardBytes } = await openPaced(100_000);
  near.write(Buffer.alloc(32 * 1024 * 1024));
  await pause(1000);
  expect(far.readableLength).toBeLessThan(200_000);
  expect(near.writableLength).toBeGreaterThan(0);
  expect(heardBytes()).toBeGreaterThan(50_000);
  expect(heardBytes()).toBeLessThan(200_000);
});

test("everything is heard in order, and the end only after it", async () => {
  const { near, far, heard } = await openPaced(400_000);
  const sent = Buffer.from(Array.from({ length: 300_000 }, (_, place) => place % 251));
  near.end(sent);
  await once(far, "end");
  expect(Buffer.concat(heard).equals(sent)).toBe(true);
});
