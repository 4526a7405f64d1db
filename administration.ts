import { administer } from "./platform/access/access-administration.ts";
import type { AccessCommand } from "./platform/access/access-command.ts";
import { AccessDesk } from "./platform/access/access-desk.ts";
import { administerOperators } from "./platform/access/operator-administration.ts";
import type { OperatorCommand } from "./platform/access/operator-command.ts";
import { readConfig } from "./platform/config.ts";
import { codeOf, PlatformError } from "./platform/errors.ts";
import { checkUp } from "./platform/history/checkup.ts";
import { Lifecycle } from "./platform/lifecycle.ts";
import { openRedisEvents } from "./platform/redis/events.ts";
import { openLog } from "./platform/telemetry.ts";
import { openStores, type StoreDeps, type Stores } from "./stores.ts";

const now = (): number => Date.now() * 1000;

/** Carries out a command about who may connect, prints what it answers, and ends; answers with the exit code. */
export function runCommand(command: AccessCommand | OperatorCommand): Promise<number> {
  return onStores(async (stores, { log, life }) => {
    const { REDIS_URL: url } = readConfig([]);
    const opening = url === null ? null : () => openRedisEvents({ url, log });
    const events = opening === null ? null : await life.add("events", opening, (opened) => opened.close());
    const desk = new AccessDesk({ ...stores, events, log });
    const answer =
      command.noun === "operators"
        ? await administerOperators(command, stores.operators)
        : await administer(command, { ...stores, desk, now });
    if (typeof answer === "string") {
      process.stdout.write(answer);
      return 0;
    }
    const lines = (answer.lines ?? []).map(({ line, reason }) => `\n  line ${line}: ${reason}`);
    process.stderr.write(`tidemark: ${answer.code}: ${answer.reason}${lines.join("")}\n`);
    return 1;
  });
}

/** Prints how the database is and what to do about it; answers with the exit code. */
export function runDoctor({ isApplied }: { readonly isApplied: boolean }): Promise<number> {
  return onStores(async ({ checkup }) => {
    process.stdout.write(await checkUp(checkup, { isApplied, node: process.versions.node }));
    return 0;
  });
}

/** Does something on the stores of the configuration that is done when it is done, and closes them. */
export async function onStores<T>(
  work: (stores: Stores, opened: Pick<StoreDeps, "log" | "life">) => Promise<T>,
): Promise<T> {
  const config = readConfig([]);
  // What it has to say is its answer, or its error.
  const log = openLog({ level: "silent", format: "json" });
  const life = new Lifecycle(log, config.STOP_DEADLINE_SECONDS * 1000);
  try {
    return await work(await openQuietly({ config, log, life, onLost: () => undefined }), { log, life });
  } finally {
    await life.stop();
  }
}

async function openQuietly(deps: StoreDeps) {
  try {
    return await openStores(deps);
  } catch (cause) {
    if (codeOf(cause) !== "DATA_DIR_LOCKED") throw cause;
    const message =
      `the platform is running on ${deps.config.DATA_DIR} (DATA_DIR), and its embedded database belongs to it alone: ` +
      "use its API instead, such as POST /api/v1/devices, or stop it first";
    throw new PlatformError("DATA_DIR_LOCKED", message, { cause, retryable: false });
  }
}
