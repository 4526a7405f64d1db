import { randomUUID } from "node:crypto";
import type { Holdings, LostClient, Membership, Roll } from "./broker-commons.ts";
import type { RedisChannels } from "./redis-channels.ts";
import {
  channelTo,
  commonsKeys,
  commonsPrefix,
  evaluate,
  listOf,
  mapOf,
  textOf,
} from "./redis-commons-keys.ts";
import type { RedisClient } from "./redis-connection.ts";

// What a broker holds, written by nobody else until it is dead:
//   {mqtt}:clients:BROKER   set: the clients that are connected to it
//   {mqtt}:wills:BROKER     hash: client -> will
//   {mqtt}:ears:BROKER      set: what its clients can hear
//   {mqtt}:buried:BROKER    it was taken for dead

const { brokers, graves, arrivals } = commonsKeys;
/** A broker that was frozen for longer learns that it is unknown, which comes to the same. */
const buriedSeconds = 86_400;
/** A connection that hears nothing of its own for so long, while Redis answers, is made anew. */
const deafMs = 5000;
const clientsAtATime = 1000;

// None of these may be refused by a Redis that is full: brokers would take each other for dead.
const header = `#!lua flags=allow-oom
local prefix = '${commonsPrefix}'
`;

/** ARGV: broker, sign of life. Answers: buried, known, signs, graves. Its echo tells the broker that it can hear. */
const beating = `${header}
local isBuried = redis.call('EXISTS', prefix .. 'buried:' .. ARGV[1])
local isKnown = redis.call('HEXISTS', '${brokers}', ARGV[1])
if isBuried == 0 then redis.call('HSET', '${brokers}', ARGV[1], ARGV[2]) end
redis.call('PUBLISH', prefix .. 'to:' .. ARGV[1], '')
return {isBuried, isKnown, redis.call('HGETALL', '${brokers}'), redis.call('HGETALL', '${graves}')}`;

// What a buried broker still has to say would be kept for ever.
const unlessBuried = "if redis.call('EXISTS', prefix .. 'buried:' .. ARGV[1]) == 1 then return end";

/** ARGV: broker, set, then member and whether it is in ("1") in turns. Answers a number that grows. */
const tellingOf = `${header}${unlessBuried}
for place = 3, #ARGV, 2 do
  redis.call(ARGV[place + 1] == '1' and 'SADD' or 'SREM', prefix .. ARGV[2] .. ':' .. ARGV[1], ARGV[place])
end
return redis.call('INCR', '${arrivals}')`;

/** ARGV: broker, then client and will in turns; an empty will is none. */
const willing = `${header}${unlessBuried}
for place = 2, #ARGV, 2 do
  if ARGV[place + 1] == '' then redis.call('HDEL', prefix .. 'wills:' .. ARGV[1], ARGV[place])
  else redis.call('HSET', prefix .. 'wills:' .. ARGV[1], ARGV[place], ARGV[place + 1]) end
end`;

/** ARGV: channel, bytes. The key takes all messages of a cluster to one node, which keeps their order. */
const sending = "return redis.call('PUBLISH', ARGV[1], ARGV[2])";

/** ARGV: the dead broker, who buries it, its last sign or '', who buried it before and is dead as well or ''. Answers 1, or 0 when it is not to be buried. */
const burying = `${header}
local dead, undertaker = ARGV[1], ARGV[2]
if ARGV[3] ~= '' then
  if redis.call('HGET', '${brokers}', dead) ~= ARGV[3] then return 0 end
  redis.call('HDEL', '${brokers}', dead)
  redis.call('SET', prefix .. 'buried:' .. dead, 1, 'EX', ${buriedSeconds})
  for _, id in ipairs(redis.call('HKEYS', prefix .. 'wills:' .. dead)) do redis.call('SADD', prefix .. 'clients:' .. dead, id) end
elseif redis.call('HGET', '${graves}', dead) ~= ARGV[4] then return 0 end
redis.call('HSET', '${graves}', dead, undertaker)
return 1`;

/** ARGV: the dead broker, at most so many. Answers client and will in turns. */
const losing = `${header}
local clients, wills = prefix .. 'clients:' .. ARGV[1], prefix .. 'wills:' .. ARGV[1]
local living = redis.call('HKEYS', '${brokers}')
local function isElsewhere(id)
  for _, broker in ipairs(living) do
    if redis.call('SISMEMBER', prefix .. 'clients:' .. broker, id) == 1 then return true end
  end
  return false
end
local answer = {}
while #answer == 0 and redis.call('EXISTS', clients) == 1 do
  for _, id in ipairs(redis.call('SRANDMEMBER', clients, ARGV[2])) do
    if isElsewhere(id) then
      redis.call('SREM', clients, id)
      redis.call('HDEL', wills, id)
    else
      answer[#answer + 1] = id
      answer[#answer + 1] = redis.call('HGET', wills, id) or ''
    end
  end
end
return answer`;

/** ARGV: the dead broker, clients. */
const settling = `${header}
for place = 2, #ARGV do
  redis.call('SREM', prefix .. 'clients:' .. ARGV[1], ARGV[place])
  redis.call('HDEL', prefix .. 'wills:' .. ARGV[1], ARGV[place])
end`;

/** ARGV: broker. */
const untelling = `${header}
redis.call('UNLINK', prefix .. 'clients:' .. ARGV[1], prefix .. 'wills:' .. ARGV[1], prefix .. 'ears:' .. ARGV[1])`;

const listening = `#!lua flags=no-writes
return redis.call('SMEMBERS', '${commonsPrefix}ears:' .. ARGV[1])`;

interface JoinOptions {
  readonly redis: RedisClient;
  readonly channels: RedisChannels;
  readonly hear: (bytes: Uint8Array) => void;
}

/**
 * Takes a place among the brokers; nobody knows of it before its first sign of life.
 * @throws PlatformError STREAM_DOWN.
 */
export async function joinPeers({ redis, channels, hear }: JoinOptions): Promise<Membership> {
  const membership = new RedisMembership(redis, channels);
  await channels.hear(channelTo(membership.id), (bytes) => {
    membership.heardMs = performance.now();
    if (bytes.length > 0) hear(bytes);
  });
  return membership;
}

class RedisMembership implements Membership {
  readonly id = randomUUID();
  heardMs = performance.now();
  readonly #redis: RedisClient;
  readonly #channels: RedisChannels;

  constructor(redis: RedisClient, channels: RedisChannels) {
    this.#redis = redis;
    this.#channels = channels;
  }

  async beat(sign: string): Promise<Roll> {
    const [isBuried, isKnown, signs, open] = listOf(
      await this.#run(beating, "give a sign of life", [this.id, sign]),
    );
    if (performance.now() - this.heardMs > deafMs) {
      this.heardMs = performance.now();
      this.#channels.renew();
    }
    return { isBuried: isBuried === 1, isKnown: isKnown === 1, signs: mapOf(signs), graves: mapOf(open) };
  }

  async tell({ arrived, left, wills, ears }: Holdings): Promise<number> {
    const clients = [...arrived.map((id) => [id, "1"]), ...left.map((id) => [id, "0"])];
    const heard = [...ears].map(([ear, isOpen]) => [ear, isOpen ? "1" : "0"]);
    const last = [...wills].map(([id, will]) => [id, will ?? ""]);
    const own = this.id;
    const telling = (set: string, pairs: string[]) =>
      this.#run(tellingOf, "tell what a broker holds", [own, set, ...pairs]);
    const [numbers] = await Promise.all([
      Promise.all(chunksOf(clients).map((pairs) => telling("clients", pairs))),
      ...chunksOf(last).map((pairs) => this.#run(willing, "keep wills", [own, ...pairs])),
      ...chunksOf(heard).map((pairs) => telling("ears", pairs)),
    ]);
    return Math.max(0, ...numbers.map(Number));
  }

  async untell(): Promise<void> {
    await this.#run(untelling, "take back what was told", [this.id]);
  }

  async earsOf(id: string): Promise<readonly string[]> {
    return listOf(await this.#run(listening, "ask for listeners", [id])).map(textOf);
  }

  async send(to: string, bytes: Uint8Array): Promise<void> {
    await this.#run(sending, "send to another broker", [channelTo(to), bytes]);
  }

  async bury(dead: string, death: { sign: string } | { undertaker: string }): Promise<boolean> {
    const reasons = "sign" in death ? [death.sign, ""] : ["", death.undertaker];
    return (await this.#run(burying, "bury a broker", [dead, this.id, ...reasons])) === 1;
  }

  async lost(dead: string, limit: number): Promise<readonly LostClient[]> {
    const answer = listOf(await this.#run(losing, "find lost clients", [dead, limit]));
    return Array.from({ length: answer.length / 2 }, (_, place) => {
      const will = answer[2 * place + 1];
      const hasWill = will instanceof Uint8Array && will.length > 0;
      return { clientId: textOf(answer[2 * place]), will: hasWill ? will : undefined };
    });
  }

  async settle(dead: string, clientIds: readonly string[]): Promise<void> {
    await this.#run(settling, "settle lost clients", [dead, ...clientIds]);
  }

  async closeGrave(dead: string): Promise<void> {
    await this.#run(untelling, "close a grave", [dead]);
    await this.#run(`${header}redis.call('HDEL', '${graves}', ARGV[1])`, "close a grave", [dead]);
  }

  async leave(): Promise<void> {
    await this.#channels.deafen(channelTo(this.id));
  }

  #run(script: string, what: string, args: readonly (string | number | Uint8Array)[]): Promise<unknown> {
    return evaluate(this.#redis, script, { what, key: brokers, args });
  }
}

/** The pairs behind each other, some at a time, so that no command is too long. */
function chunksOf<T>(pairs: readonly (readonly T[])[]): T[][] {
  const chunks = Array.from({ length: Math.ceil(pairs.length / clientsAtATime) }, (_, place) =>
    pairs.slice(place * clientsAtATime, (place + 1) * clientsAtATime),
  );
  return chunks.map((chunk) => chunk.flat());
}
