import type pg from "pg";
import type { Log } from "../telemetry.ts";
import { askApart } from "./ask-apart.ts";

/** What pg's clients have and its types do not name. */
export type ServerClient = pg.ClientBase & {
  readonly processID?: number;
  readonly connection?: { readonly stream: { destroy(): void } };
};

export interface AnswerWatch {
  /** From now on answers on this connection are waited for under watch, if `serverPid` is who it speaks to and not a pooler. */
  begin(client: ServerClient, serverPid: number | undefined): void;
  /** Hands the answer on. */
  over<T>(client: ServerClient, answer: Promise<T>): Promise<T>;
  stop(): void;
}

interface Question {
  readonly sinceMs: number;
  /** When it was looked at last, nobody was at work on it. */
  isDoubted: boolean;
}

/**
 * Cuts connections whose question nobody is at work on: its host vanished without a word and another one answers under its name, or the
 * answer was lost. TCP takes a quarter of an hour to find that out, and a job that has its turn once the one before is done would wait as
 * long. A question that is only a long one is left alone, and so are all while no database answers.
 */
export function watchAnswers(options: { url: string; log: Log; patienceMs: number }): AnswerWatch {
  const { url, log, patienceMs } = options;
  const direct = new WeakSet<ServerClient>();
  const asked = new Map<ServerClient, Question>();
  const look = async (): Promise<void> => {
    const late = [...asked].filter(([, { sinceMs }]) => performance.now() - sinceMs > patienceMs);
    if (late.length === 0) return;
    const atWork = await serversAtWork(
      url,
      late.map(([client]) => client.processID ?? 0),
    );
    for (const [client, question] of late) {
      const isLost = asked.get(client) === question && !atWork.has(client.processID ?? 0);
      if (isLost && question.isDoubted) {
        log.warn(
          { serverPid: client.processID },
          "database connection cut: no answer, and nobody at work on it",
        );
        client.connection?.stream.destroy();
      }
      question.isDoubted = isLost;
    }
  };
  let isLooking = false;
  const timer = setInterval(async () => {
    if (isLooking) return;
    isLooking = true;
    await look().catch((error: unknown) => log.debug({ error }, "not seen who is at work on late answers"));
    isLooking = false;
  }, patienceMs / 6);
  timer.unref();
  return {
    begin(client, serverPid) {
      if (client.processID === serverPid) direct.add(client);
    },
    over(client, answer) {
      if (!direct.has(client)) return answer;
      const question = { sinceMs: performance.now(), isDoubted: false };
      asked.set(client, question);
      // A held connection may have been asked more meanwhile.
      return answer.finally(() => asked.get(client) === question && asked.delete(client));
    },
    stop: () => clearInterval(timer),
  };
}

/** Who of these processes of the server is in the middle of a statement; where that is not to be seen, all that are there. */
async function serversAtWork(url: string, pids: readonly number[]): Promise<ReadonlySet<number>> {
  const rows = await askApart<{ pid: number }>(
    { connectionString: url, query_timeout: 5000 },
    "SELECT pid FROM pg_stat_activity WHERE pid = ANY($1) AND coalesce(state NOT LIKE 'idle%', true)",
    [pids],
  );
  return new Set(rows.map(({ pid }) => pid));
}
