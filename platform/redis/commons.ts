import type { BrokerCommons, SharedSessionLimits } from "../broker-commons.ts";
import type { Log } from "../telemetry.ts";
import { RedisChannels } from "./channels.ts";
import { commonsKeys, evaluate } from "./commons-keys.ts";
import { connectRedis } from "./connection.ts";
import { joinPeers } from "./membership.ts";
import { RedisSessions } from "./sessions.ts";

// Ids are "milliseconds-number", and both halves fit in the numbers of Lua.
const claiming = `#!lua flags=allow-oom
local said = redis.call('GET', KEYS[1])
local function halves(id) local ms, number = string.match(id, '^(%d+)-(%d+)$') return tonumber(ms), tonumber(number) end
if said then
  local ms, number = halves(said)
  local newMs, newNumber = halves(ARGV[1])
  if newMs < ms or (newMs == ms and newNumber <= number) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1])
return 1`;

export interface RedisCommonsOptions {
  readonly url: string;
  readonly limits: SharedSessionLimits;
  readonly log: Log;
}

/**
 * Opens what brokers share on Redis. On a cluster all of it lies in one hash slot, so on one master.
 * @throws PlatformError STREAM_DOWN when Redis cannot be reached.
 */
export async function openRedisCommons({ url, limits, log }: RedisCommonsOptions): Promise<BrokerCommons> {
  const redis = await connectRedis(url, log, { blocking: false });
  try {
    const channels = await RedisChannels.open(url, log, redis);
    const sessions = new RedisSessions({ redis, channels, limits, log });
    return {
      sessions,
      join: (hear) => joinPeers({ redis, channels, hear }),
      async isFirstToAnnounce(eventId) {
        const key = commonsKeys.announced;
        return (
          Number(await evaluate(redis, claiming, { what: "claim an announcement", key, args: [eventId] })) ===
          1
        );
      },
      close() {
        sessions.close();
        channels.close();
        redis.disconnect();
        return Promise.resolve();
      },
    };
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}
