import { randomUUID } from "node:crypto";
import type { Arrivals, Holdings, LostClient, Membership, Roll } from "../broker-commons.ts";
import type { RedisChannels } from "./channels.ts";
import { channelTo, commonsKeys, commonsPrefix, evaluate, listOf, mapOf, textOf } from "./commons-keys.ts";
import type { RedisClient } from "./connection.ts";

// What a broker holds, written by nobody else until it is dead:
//   {mqtt}:clients:BROKER   hash: the clients that are connected to it -> the number of their arrival
//   {mqtt}:wills:BROKER     hash: client -> will
//   {mqtt}:ears:BROKER      set: what its clients can hear
//   {mqtt}:buried:BROKER    it was taken for dead

const { brokers, graves, arrivals, sessions } = commonsKeys;
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

/**
 * ARGV: broker, then in turns client and '+' for one that arrives, the number of its arrival for one that did before, or '' for one that
 * left. Answers the number of those that arrive, which grows over all brokers; a Redis that lost what it had counts on from the highest.
 */
const holding = `${header}${unlessBuried}
local clients, own = prefix .. 'clients:' .. ARGV[1], redis.call('INCR', '${arrivals}')
local highest = own
for place = 2, #ARGV, 2 do
  local id, number = ARGV[place], ARGV[place + 1]
  if number == '' then redis.call('HDEL', clients, id)
  else
    redis.call('HSET', clients, id, number == '+' and own or number)
    highest = math.max(highest, tonumber(number) or own)
  end
end
if highest > own then redis.call('SET', '${arrivals}', string.format('%d', highest)) end
return own`;

/** ARGV: broker, then ear and whether it listens ("1") in turns. */
const hearing = `${header}${unlessBuried}
for place = 2, #ARGV, 2 do
  redis.call(ARGV[place + 1] == '1' and 'SADD' or 'SREM', prefix .. 'ears:' .. ARGV[1], ARGV[place])
end`;

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
  for _, id in ipairs(redis.call('HKEYS', prefix .. 'wills:' .. dead)) do redis.call('HSETNX', prefix .. 'clients:' .. dead, id, 0) end
elseif redis.call('HGET', '${graves}', dead) ~= ARGV[4] then return 0 end
redis.call('HSET', '${graves}', dead, undertaker)
return 1`;

/** ARGV: the dead broker, at most so many. Answers client and will in turns. */
const losing = `${header}
local clients, wills = prefix .. 'clients:' .. ARGV[1], prefix .. 'wills:' .. ARGV[1]
local living = redis.call('HKEYS', '${brokers}')
local function isElsewhere(id)
  for _, broker in ipairs(living) do
    if redis.call('HEXISTS', prefix .. 'clients:' .. broker, id) == 1 then return true end
  end
  return false
end
local answer = {}
while #answer == 0 and redis.call('EXISTS', clients) == 1 do
  for _, id in ipairs(redis.call('HRANDFIELD', clients, ARGV[2])) do
    if isElsewhere(id) then
      redis.call('HDEL', clients, id)
      redis.call('HDEL', wills, id)
    else
      answer[#answer + 1] = id
      answer[#answer + 1] = redis.call('HGET', wills, id) or ''
    end
  end
end
return answer`;

/** ARGV: the dead broker, clients. Their sessions were in use until now. */
const settling = `${header}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for place = 2, #ARGV do
  redis.call('ZADD', '${sessions}', 'XX', now, ARGV[place])
  redis.call('HDEL', prefix .. 'clients:' .. ARGV[1], ARGV[place])
  redis.call('HDEL', prefix .. 'wills:' .. ARGV[1], ARGV[place])
end`;

/** ARGV: broker. */
const untelling = `${header}
redis.call('UNLINK', prefix .. 'clients:' .. ARGV[1], prefix .. 'wills:' .. ARGV[1], prefix .. 'ears:' .. ARGV[1])`;

const listening = `#!lua flags=no-writes
return redis.call('SMEMBERS', '${commonsPrefix}ears:' .. ARGV[1])`;

/** ARGV: broker. Answers client and number of arrival in turns. */
const holdingOf = `#!lua flags=no-writes
return redis.call('HGETALL', '${commonsPrefix}clients:' .. ARGV[1])`;

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

  async tell({ arrived, kept, left, wills, ears }: Holdings): Promise<readonly Arrivals[]> {
    const own = this.id;
    const here = [...(kept ?? [])].map(([id, number]) => [id, `${number}`] as const);
    const gone = left.map((id) => [id, ""] as const);
    const heard = [...ears].map(([ear, isOpen]) => [ear, isOpen ? "1" : "0"]);
    const last = [...wills].map(([id, will]) => [id, will ?? ""]);
    const hold = async (clients: readonly (readonly string[])[]): Promise<number> =>
      Number(await this.#run(holding, "tell who is here", [own, ...clients.flat()]));
    const arrive = async (clientIds: readonly string[]): Promise<Arrivals> => ({
      clientIds,
      number: await hold(clientIds.map((id) => [id, "+"])),
    });
    // All are sent before anything is waited for, so what is told next comes after it.
    const [arrivals] = await Promise.all([
      Promise.all(chunksOf(arrived).map(arrive)),
      ...chunksOf([...here, ...gone]).map(hold),
      ...chunksOf(last).map((pairs) => this.#run(willing, "keep wills", [own, ...pairs.flat()])),
      ...chunksOf(heard).map((pairs) =>
        this.#run(hearing, "tell what is heard here", [own, ...pairs.flat()]),
      ),
    ]);
    return arrivals;
  }

  async untell(): Promise<void> {
    await this.#run(untelling, "take back what was told", [this.id]);
  }

  async earsOf(id: string): Promise<readonly string[]> {
    return listOf(await this.#run(listening, "ask for listeners", [id])).map(textOf);
  }

  async arrivalsAt(id: string): Promise<ReadonlyMap<string, number>> {
    const answer = mapOf(await this.#run(holdingOf, "ask who is at another broker", [id]));
    return new Map([...answer].map(([clientId, number]) => [clientId, Number(number)]));
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

/** Some at a time, so that no command is too long. */
function chunksOf<T>(items: readonly T[]): (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / clientsAtATime) }, (_, place) =>
    items.slice(place * clientsAtATime, (place + 1) * clientsAtATime),
  );
}
