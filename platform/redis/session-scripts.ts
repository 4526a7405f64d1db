import { commonsKeys, commonsPrefix, sessionChannel } from "./commons-keys.ts";

// Kept sessions as Redis has them. All keys of all scripts are in one slot, so the one that is named stands for the rest:
//   {mqtt}:subscriptions:ID   hash: filter -> quality of service
//   {mqtt}:order:ID           sorted set: queued messages by number
//   {mqtt}:packets:ID         hash: queued message -> bytes
//   {mqtt}:sent:ID            hash: queued message -> how far its delivery is; "bytes" -> how much is queued
//   {mqtt}:received:ID        set: packet ids of QoS 2 messages from the client

const { sessions, version, queued, brokers, graves } = commonsKeys;

// Every change is numbered in the step that makes it, so whoever misses one knows.
const shared = `
local prefix = '${commonsPrefix}'
local function now() local time = redis.call('TIME') return time[1] * 1000 + math.floor(time[2] / 1000) end
local function announce(id)
  local list = redis.call('HGETALL', prefix .. 'subscriptions:' .. id)
  local text = cjson.encode({redis.call('INCR', '${version}'), id, list})
  redis.call('PUBLISH', '${sessionChannel}', text)
  return list
end
local function finish(id)
  redis.call('UNLINK', prefix .. 'received:' .. id)
  if redis.call('ZREM', '${sessions}', id) == 0 then return 0 end
  redis.call('UNLINK', prefix .. 'subscriptions:' .. id, prefix .. 'order:' .. id, prefix .. 'packets:' .. id, prefix .. 'sent:' .. id)
  announce(id)
  return 1
end
`;

const always = "#!lua flags=allow-oom\n";
const unlessFull = "#!lua\n";

/** ARGV: client, then filter and quality of service in turns. Answers the subscriptions there are now, as the next one does. */
export const subscribing = `${unlessFull}${shared}
for place = 2, #ARGV, 2 do redis.call('HSET', prefix .. 'subscriptions:' .. ARGV[1], ARGV[place], ARGV[place + 1]) end
redis.call('ZADD', '${sessions}', now(), ARGV[1])
return announce(ARGV[1])`;

/** ARGV: client, filters. */
export const unsubscribing = `${always}${shared}
local key = prefix .. 'subscriptions:' .. ARGV[1]
local gone = 0
for place = 2, #ARGV do gone = gone + redis.call('HDEL', key, ARGV[place]) end
if gone == 0 then return redis.call('HGETALL', key) end
if redis.call('EXISTS', key) == 1 then return announce(ARGV[1]) end
finish(ARGV[1])
return {}`;

/** ARGV: client. */
export const listing = `#!lua flags=no-writes
return redis.call('HGETALL', '${commonsPrefix}subscriptions:' .. ARGV[1])`;

/** ARGV: cursor, page. Answers the next cursor, the number of the last change, and client and subscriptions in turns. */
export const paging = `#!lua flags=no-writes
local answer = redis.call('ZSCAN', '${sessions}', ARGV[1], 'COUNT', ARGV[2])
local page = {answer[1], redis.call('GET', '${version}') or '0'}
for place = 1, #answer[2], 2 do
  local id = answer[2][place]
  page[#page + 1] = id
  page[#page + 1] = redis.call('HGETALL', '${commonsPrefix}subscriptions:' .. id)
end
return page`;

/** ARGV: clients. */
export const forgetting = `${always}${shared}
for place = 1, #ARGV do finish(ARGV[place]) end`;

/** ARGV: clients. */
export const touching = `${always}${shared}
for place = 1, #ARGV do redis.call('ZADD', '${sessions}', 'XX', now(), ARGV[place]) end`;

/**
 * ARGV: how long a client may be away, ms; most sessions, 0 for any number; at most so many. A client that is connected is not away,
 * whatever its session says; nor is one whose broker is dead and not settled yet. Answers client and limit in turns.
 */
export const expiring = `${always}${shared}
local members = redis.call('HKEYS', '${brokers}')
for _, dead in ipairs(redis.call('HKEYS', '${graves}')) do members[#members + 1] = dead end
local function isConnected(id)
  for _, broker in ipairs(members) do
    if redis.call('HEXISTS', prefix .. 'clients:' .. broker, id) == 1 then return true end
  end
  return false
end
local ended = {}
local function finishAway(ids, limit)
  for _, id in ipairs(ids) do
    if isConnected(id) then redis.call('ZADD', '${sessions}', now(), id)
    elseif finish(id) == 1 then
      ended[#ended + 1] = id
      ended[#ended + 1] = limit
    end
  end
end
finishAway(redis.call('ZRANGEBYSCORE', '${sessions}', '-inf', now() - ARGV[1], 'LIMIT', 0, ARGV[3]), 'session_expired')
local surplus = redis.call('ZCARD', '${sessions}') - ARGV[2]
if ARGV[2] ~= '0' and surplus > 0 then
  finishAway(redis.call('ZRANGE', '${sessions}', 0, math.min(surplus, ARGV[3]) - 1), 'sessions')
end
return ended`;

/**
 * ARGV: message, most messages, most bytes (0 for any number), its bytes with QoS 1, those with QoS 2, then client and quality of
 * service in turns. Answers client and limit in turns, of those that are full.
 */
export const enqueueing = `${unlessFull}local prefix = '${commonsPrefix}'
local message, mostMessages, mostBytes = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local number, refused = redis.call('INCR', '${queued}'), {}
local function objection(id, size)
  if mostMessages > 0 and redis.call('ZCARD', prefix .. 'order:' .. id) >= mostMessages then return 'queued_messages' end
  local bytes = tonumber(redis.call('HGET', prefix .. 'sent:' .. id, 'bytes') or '0')
  if mostBytes > 0 and bytes + size > mostBytes then return 'queued_bytes' end
end
for place = 6, #ARGV, 2 do
  local id, bytes = ARGV[place], ARGV[3 + ARGV[place + 1]]
  if redis.call('ZSCORE', '${sessions}', id) and redis.call('HEXISTS', prefix .. 'packets:' .. id, message) == 0 then
    local limit = objection(id, #bytes)
    if limit then
      refused[#refused + 1] = id
      refused[#refused + 1] = limit
    else
      redis.call('HSET', prefix .. 'packets:' .. id, message, bytes)
      redis.call('ZADD', prefix .. 'order:' .. id, number, message)
      redis.call('HINCRBY', prefix .. 'sent:' .. id, 'bytes', #bytes)
    end
  end
end
return refused`;

/** ARGV: client, message, state. */
export const noting = `${always}
if redis.call('HEXISTS', '${commonsPrefix}packets:' .. ARGV[1], ARGV[2]) == 1 then
  redis.call('HSET', '${commonsPrefix}sent:' .. ARGV[1], ARGV[2], ARGV[3])
end`;

/** ARGV: client, message. */
export const settling = `${always}
local id, message, prefix = ARGV[1], ARGV[2], '${commonsPrefix}'
if redis.call('ZREM', prefix .. 'order:' .. id, message) == 0 then return end
redis.call('HINCRBY', prefix .. 'sent:' .. id, 'bytes', -redis.call('HSTRLEN', prefix .. 'packets:' .. id, message))
redis.call('HDEL', prefix .. 'packets:' .. id, message)
redis.call('HDEL', prefix .. 'sent:' .. id, message)
if redis.call('EXISTS', prefix .. 'order:' .. id) == 0 then redis.call('UNLINK', prefix .. 'packets:' .. id, prefix .. 'sent:' .. id) end`;

/**
 * ARGV: client, after which number, up to which (empty: all there are), at most so many. Answers the last number of all, then number, message, bytes and state
 * in turns.
 */
export const reading = `#!lua flags=no-writes
local prefix = '${commonsPrefix}'
local last = ARGV[3] ~= '' and ARGV[3] or redis.call('GET', '${queued}') or '0'
local page = {last}
local found = redis.call('ZRANGEBYSCORE', prefix .. 'order:' .. ARGV[1], '(' .. ARGV[2], last, 'WITHSCORES', 'LIMIT', 0, ARGV[4])
for place = 1, #found, 2 do
  page[#page + 1] = found[place + 1]
  page[#page + 1] = found[place]
  page[#page + 1] = redis.call('HGET', prefix .. 'packets:' .. ARGV[1], found[place]) or ''
  page[#page + 1] = redis.call('HGET', prefix .. 'sent:' .. ARGV[1], found[place]) or ''
end
return page`;

/** ARGV: client, packet id, how long it may stay, s. */
export const receiving = `${unlessFull}
redis.call('SADD', '${commonsPrefix}received:' .. ARGV[1], ARGV[2])
redis.call('EXPIRE', '${commonsPrefix}received:' .. ARGV[1], ARGV[3])`;

/** ARGV: client, packet id. */
export const asking = `#!lua flags=no-writes
return redis.call('SISMEMBER', '${commonsPrefix}received:' .. ARGV[1], ARGV[2])`;

/** ARGV: client, packet id. */
export const releasing = `${always}
redis.call('SREM', '${commonsPrefix}received:' .. ARGV[1], ARGV[2])`;
