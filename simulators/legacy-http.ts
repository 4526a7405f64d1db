import { formatTimestamp } from "../schema/timestamp.ts";
import { seedOf } from "./dice.ts";
import { type FaultPlan, plannedFaults } from "./fault-plan.ts";
import { faultAt, sampleAt, signalProfile } from "./signal.ts";

export interface LegacyHttpOptions {
  /** Where the old door is, without the path: `http://127.0.0.1:8080`. */
  readonly httpUrl: string;
  /** The key of the door; without one it posts as the ancestor's clients did. */
  readonly httpKey?: string | undefined;
  readonly deviceId: string;
  /** The ancestor's clients spoke every two seconds. */
  readonly intervalMs: number;
  readonly seed: number;
  readonly faults: boolean;
}

export interface LegacyHttpCounts {
  readonly posted: number;
  /** Answers by HTTP status, e.g. `{ 202: 17, 400: 1 }`. */
  readonly answers: Readonly<Record<number, number>>;
  /** Posts without any answer: refused, cut or too slow. */
  readonly unanswered: number;
  readonly faulty: number;
}

export interface LegacyHttpClient {
  stop(): Promise<void>;
  counts(): LegacyHttpCounts;
}

const sensorTypes = ["temperature", "humidity"] as const;
const answerTimeoutMs = 5_000;

/** The body of the ancestor's clients: `datetime.utcnow().isoformat()`, which names no zone. */
export function legacyPost(
  deviceId: string,
  timestampUs: number,
  metrics: readonly { readonly type: string; readonly value: number }[],
): string {
  const naive = formatTimestamp(timestampUs).slice(0, -1);
  return JSON.stringify({ device_id: deviceId, timestamp: naive, metrics });
}

/** Starts one client of the old kind: it posts on the beat, shows no credentials and never tries again. */
export function startLegacyHttp(options: LegacyHttpOptions): LegacyHttpClient {
  const url = new URL("/data", options.httpUrl);
  const { httpKey } = options;
  const key = httpKey === undefined ? {} : { "x-api-key": httpKey };
  const headers = { "content-type": "application/json", ...key };
  const seed = seedOf(options.seed, options.deviceId);
  const profiles = sensorTypes.map((type) => ({ type, profile: signalProfile(type, seed) }));
  const plan: FaultPlan = {
    devices: options.faults ? [{ id: options.deviceId, sensorTypes }] : [],
    seed: options.seed,
    startUs: Date.now() * 1e3,
    firstMs: 40_000,
    everyMs: 60_000,
    cadenceMs: options.intervalMs,
  };
  const tally = { posted: 0, unanswered: 0, faulty: 0 };
  const answers: Record<number, number> = {};
  const quit = new AbortController();
  const underway = new Set<Promise<void>>();

  function measure(timestampUs: number): { type: string; value: number }[] {
    const faults = plannedFaults(plan, timestampUs, timestampUs);
    return profiles.flatMap(({ type, profile }) => {
      const own = faults.filter((fault) => fault.sensorType === type);
      const sample = sampleAt(profile, timestampUs, faultAt(own, timestampUs));
      if (sample === "silent") return [];
      if (sample.label !== "normal") tally.faulty += 1;
      return [{ type, value: sample.value }];
    });
  }

  async function post(): Promise<void> {
    const timestampUs = Date.now() * 1e3 + Math.floor((performance.now() * 1e3) % 1e3);
    const body = legacyPost(options.deviceId, timestampUs, measure(timestampUs));
    tally.posted += 1;
    // Not AbortSignal.timeout: held by AbortSignal.any alone, Node 20 collects it as garbage, and it never strikes.
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), answerTimeoutMs);
    try {
      const response = await fetch(url, {
        method: "POST",
        headers,
        body,
        signal: AbortSignal.any([quit.signal, late.signal]),
      });
      await response.arrayBuffer();
      answers[response.status] = (answers[response.status] ?? 0) + 1;
    } catch {
      // The old client swallowed what went wrong and spoke again two seconds later.
      tally.unanswered += 1;
    } finally {
      clearTimeout(timer);
    }
  }

  function beat(): void {
    const posting = post().finally(() => underway.delete(posting));
    underway.add(posting);
  }

  beat();
  const timer = setInterval(beat, options.intervalMs);
  return {
    async stop() {
      clearInterval(timer);
      const impatience = setTimeout(() => quit.abort(), 1_000);
      await Promise.all(underway);
      clearTimeout(impatience);
    },
    counts: () => ({ ...tally, answers: { ...answers } }),
  };
}
