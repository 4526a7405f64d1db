import type { Duplex } from "node:stream";
import type { Aedes, Client } from "aedes";
import type { Log, Metrics } from "../../platform/telemetry.ts";
import type { Caller } from "../doors.ts";
import { FrameGate, type GateLimits } from "./frame-gate.ts";
import { type Violation, violation } from "./violation.ts";

export interface FrameGuardOptions {
  readonly aedes: Pick<Aedes, "on">;
  readonly limits: GateLimits;
  readonly log: Log;
  readonly metrics: Pick<Metrics, "violations">;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

/** How long the first packet may take. */
const connectMs = 10_000;
/** How long a later one may take, and how much longer for each kilobyte of it, which a slow radio needs. */
const packetMs = 20_000;
const kilobyteMs = 1000;
const lookIntervalMs = 1000;

const noConnect = violation("connect-timeout", "§3.1.4", "no CONNECT arrived in time");
const noRest = violation("packet-timeout", "MQTT-4.8.0-2", "the rest of a packet did not arrive in time");
const textFrame = violation("websocket-frame", "MQTT-6.0.0-1", "a WebSocket frame is text");
const nothing = Buffer.alloc(0);

/** A connection with its gate. */
interface Guarded {
  readonly caller: Caller;
  readonly client: Client;
  readonly gate: FrameGate;
  /** When it began to wait for the rest of a packet. */
  waitingSinceMs: number;
}

/**
 * Puts a gate between every connection and Aedes: what Aedes reads has passed it. A connection that violates MQTT, or leaves a
 * packet unfinished, is closed, counted by rule, and logged. It costs a connection a few hundred bytes and no stream.
 */
export class FrameGuard {
  readonly #options: FrameGuardOptions;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  /** By the stream, which is Aedes' `client.conn`. */
  readonly #guarded = new WeakMap<Duplex, Guarded>();
  /** Those that have begun a packet and not ended it. */
  readonly #waiting = new Set<Guarded>();

  constructor(options: FrameGuardOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#timer = setInterval(() => this.look(), lookIntervalMs);
    this.#timer.unref();
    options.aedes.on("connackSent", ({ returnCode }, client) => {
      if (returnCode === 0) this.#guarded.get(client.conn)?.gate.admit();
    });
  }

  /** To be called in the turn of the loop in which Aedes was given the stream, so before it reads. */
  guard(caller: Caller, client: Client): void {
    const gate = new FrameGate(this.#options.limits);
    const guarded: Guarded = { caller, client, gate, waitingSinceMs: this.#now() };
    const { stream } = caller;
    this.#guarded.set(stream, guarded);
    this.#waiting.add(guarded);
    const read = stream.read.bind(stream);
    // Aedes asks for all there is whenever some has come, and again when it has dealt with it; asking for nothing is how the stream
    // itself begins to read ahead. Until CONNECT is answered the rest stays where it is, so whoever talks before being let in fills the
    // buffers of its own socket.
    stream.read = (size?: number) => {
      if (size === 0) return read(0);
      return gate.isAnswering ? null : this.#pass(guarded, read());
    };
  }

  /** Somebody sent text over a WebSocket, where only binary frames are MQTT. */
  refuseText({ stream }: Caller): void {
    const guarded = this.#guarded.get(stream);
    if (guarded !== undefined) this.#refuse(guarded, textFrame);
  }

  /** Closes the connections that have waited for too long for the rest of a packet. */
  look(): void {
    const now = this.#now();
    for (const guarded of this.#waiting) {
      const { caller, gate, waitingSinceMs } = guarded;
      if (caller.stream.destroyed) this.#waiting.delete(guarded);
      // It has sent more, and it is we who do not read.
      else if (caller.stream.readableLength > 0) guarded.waitingSinceMs = now;
      else if (now - waitingSinceMs > allowedMs(gate))
        this.#refuse(guarded, gate.isGreeting ? noConnect : noRest);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #pass(guarded: Guarded, chunk: Buffer | null): Buffer | null {
    const { bytes, violation: found } = guarded.gate.take(chunk ?? nothing);
    if (found !== undefined) this.#refuse(guarded, found);
    else if (guarded.gate.unfinishedBytes === 0) this.#waiting.delete(guarded);
    else if (bytes !== undefined || !this.#waiting.has(guarded)) {
      guarded.waitingSinceMs = this.#now();
      this.#waiting.add(guarded);
    }
    return bytes ?? null;
  }

  #refuse(guarded: Guarded, { rule, clause, reason, returnCode }: Violation): void {
    const { caller, client } = guarded;
    const { log, metrics } = this.#options;
    this.#waiting.delete(guarded);
    metrics.violations.inc({ rule });
    log.info(
      { client: client.id, address: caller.socket.remoteAddress, rule, clause, reason },
      "MQTT violated",
    );
    // What it says from now on is read and thrown away, so that it hears the answer, and its own end is heard.
    if (returnCode !== undefined) caller.stream.end(Buffer.from([0x20, 2, 0, returnCode]));
    // Behind what passed before: Aedes then knows whose will it is, or that there was a DISCONNECT.
    else setImmediate(() => caller.stream.destroy(new Error(reason)));
  }
}

function allowedMs(gate: FrameGate): number {
  return gate.isGreeting ? connectMs : packetMs + (gate.unfinishedBytes / 1024) * kilobyteMs;
}
