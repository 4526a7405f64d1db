import { covers } from "../../schema/access.ts";
import { commonsKeys, commonsPrefix, evaluate, listOf, textOf } from "./commons-keys.ts";
import type { RedisClient } from "./connection.ts";

// Retained messages lie in groups by the first two levels of their topic, such as devices/press-01, since most subscribers look
// at one device: a hash of all would be read from end to end for each of them.
//   {mqtt}:retained           set: the groups
//   {mqtt}:retained:GROUP     hash: topic -> bytes

/** ARGV: group, topic, bytes. */
const retaining = `#!lua
redis.call('HSET', '${commonsPrefix}retained:' .. ARGV[1], ARGV[2], ARGV[3])
redis.call('SADD', '${commonsKeys.retained}', ARGV[1])`;

/** ARGV: group, topic, and if it has to be these: bytes. */
const removing = `#!lua flags=allow-oom
if ARGV[3] and redis.call('HGET', '${commonsPrefix}retained:' .. ARGV[1], ARGV[2]) ~= ARGV[3] then return end
redis.call('HDEL', '${commonsPrefix}retained:' .. ARGV[1], ARGV[2])
if redis.call('EXISTS', '${commonsPrefix}retained:' .. ARGV[1]) == 0 then redis.call('SREM', '${commonsKeys.retained}', ARGV[1]) end`;

/** ARGV: group. */
const reading = `#!lua flags=no-writes
return redis.call('HGETALL', '${commonsPrefix}retained:' .. ARGV[1])`;

/** ARGV: cursor. */
const listing = `#!lua flags=no-writes
return redis.call('SSCAN', '${commonsKeys.retained}', ARGV[1], 'COUNT', 200)`;

const groupsAtATime = 50;

export class RedisRetained {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  async retain(topic: string, message: Uint8Array | null): Promise<void> {
    const group = groupOf(topic);
    if (message === null) await this.#run(removing, "remove a retained message", [group, topic]);
    else await this.#run(retaining, "retain a message", [group, topic, message]);
  }

  async unretain(topic: string, message: Uint8Array): Promise<void> {
    await this.#run(removing, "remove an old retained message", [groupOf(topic), topic, message]);
  }

  async *matching(filters: readonly string[]): AsyncGenerator<Uint8Array> {
    const told = new Set<string>();
    for await (const groups of this.#groupsFor(filters)) {
      const found = await Promise.all(
        groups.map((group) => this.#run(reading, "read retained messages", [group])),
      );
      for (const entries of found.map(listOf)) {
        for (let place = 0; place < entries.length; place += 2) {
          const [topic, message] = [textOf(entries[place]), entries[place + 1]];
          if (told.has(topic) || !filters.some((filter) => covers(filter, topic))) continue;
          told.add(topic);
          if (message instanceof Uint8Array) yield message;
        }
      }
    }
  }

  /** The groups that may have something for these filters; some may come twice. */
  async *#groupsFor(filters: readonly string[]): AsyncGenerator<readonly string[]> {
    const named = filters.map(groupNamedBy).filter((group) => group !== undefined);
    if (named.length > 0) yield [...new Set(named)];
    const wide = filters.filter((filter) => groupNamedBy(filter) === undefined);
    if (wide.length === 0) return;
    let cursor = "0";
    do {
      const [next, groups] = listOf(await this.#run(listing, "list retained messages", [cursor]));
      const wanted = listOf(groups)
        .map(textOf)
        .filter((group) => wide.some((filter) => mayReach(filter, group)));
      for (let from = 0; from < wanted.length; from += groupsAtATime) {
        yield wanted.slice(from, from + groupsAtATime);
      }
      cursor = textOf(next);
    } while (cursor !== "0");
  }

  #run(script: string, what: string, args: readonly (string | Uint8Array)[]): Promise<unknown> {
    return evaluate(this.#redis, script, { what, key: commonsKeys.retained, args });
  }
}

function groupOf(topic: string): string {
  return topic.split("/", 2).join("/");
}

/** The one group that a filter looks at; undefined when it may be several. */
function groupNamedBy(filter: string): string | undefined {
  const [first = "", second = ""] = filter.split("/", 2);
  return [first, second].some((level) => level === "+" || level === "#") ? undefined : groupOf(filter);
}

/** Whether a topic of this group can match. */
function mayReach(filter: string, group: string): boolean {
  const levels = filter.split("/");
  return group.split("/").every((level, place) => {
    const asked = levels[place];
    return asked === level || asked === "+" || levels.slice(0, place + 1).includes("#");
  });
}
