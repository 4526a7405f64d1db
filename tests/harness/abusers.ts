import { until } from "./local-servers.ts";
import {
  type ConnectFields,
  enter as enterBy,
  isClosed,
  knock as knockBy,
  type Peer,
  publishPacket,
  subscribe,
} from "./mqtt-peer.ts";

/** Callers of one address, who leave together. */
export class Abusers {
  readonly #way: { readonly port: number; readonly localAddress: string };
  readonly #peers: Peer[] = [];

  /** `place` makes an address of its own on this machine. */
  constructor(port: number, place: number) {
    this.#way = { port, localAddress: `127.0.1.${place}` };
  }

  knock(): Peer {
    const peer = knockBy(this.#way);
    this.#peers.push(peer);
    return peer;
  }

  async enter(clientId: string, fields?: ConnectFields): Promise<Peer> {
    const peer = await enterBy(this.#way, clientId, fields);
    this.#peers.push(peer);
    return peer;
  }

  /** One after the other: that many come is another scenario. */
  async enterMany(
    count: number,
    name: string,
    fields: (place: number) => ConnectFields = () => ({}),
  ): Promise<Peer[]> {
    const peers: Peer[] = [];
    for (let place = 0; place < count; place += 1)
      peers.push(await this.enter(`${name}-${place}`, fields(place)));
    return peers;
  }

  /** Everybody is gone, without a goodbye. */
  leave(): void {
    for (const { socket } of this.#peers.splice(0)) socket.resetAndDestroy();
  }
}

export function many<T>(count: number, make: (place: number) => T): T[] {
  return Array.from({ length: count }, (_, place) => make(place));
}

export async function allClosed(closing: readonly Peer[]): Promise<void> {
  for (const peer of closing) await isClosed(peer);
}

/**
 * What an ordinary day does to a process: connections come and go, and as much passes through as its young generation holds, twice over,
 * so that all of it is in RAM. Memory is measured from here. `collections` says how often it was emptied so far.
 */
export async function warmUp(port: number, collections: () => Promise<number>): Promise<void> {
  const guests = new Abusers(port, 1);
  for (let wave = 0; wave < 5; wave += 1) {
    for (const peer of await guests.enterMany(100, "guest")) peer.send({ cmd: "disconnect" });
  }
  const [listener, ...talkers] = await guests.enterMany(81, "talker");
  if (listener === undefined) return;
  await subscribe(listener, "devices/talker/messages/#");
  const message = publishPacket("devices/talker/messages/x", "y".repeat(300), { qos: 0 });
  const before = await collections();
  await until("its memory was once full", async () => {
    for (const talker of talkers) talker.send(...many(10, () => message));
    await until("they were heard", () => listener.all("publish").length >= 800, { everyMs: 5 });
    listener.received.length = 0;
    return (await collections()) >= before + 8;
  });
  guests.leave();
}
