/** Dead letters: listed, put back, removed. `deads` holds their ids by number, `deads:QUEUE` those of one queue. */
import { queueLibrary } from './queue-library.ts';

const letter = String.raw`
local P = KEYS[1]
local function letterOf(id)
  local v = redis.call('HMGET', P .. 'dead:' .. id, 'q', 'p', 'b', 'reason', 'at', 'attempts', 'history', 'f')
  if not v[1] then return nil end
  local lineage = redis.call('HGET', P .. 'q:' .. v[1], 'lineage') or ''
  return { id, v[1], lineage, v[2], v[3], v[4], v[5], v[6], v[7], v[8] }
end
`;

/** ARGV: id. Answers its id and fields; nothing when there is none. */
export const deadLetterScript = String.raw`#!lua flags=no-writes,allow-oom
${letter}
return letterOf(ARGV[1]) or {}
`;

/** ARGV: name of a queue or empty, after, limit. Answers { id, fields… } each, one more than the limit where there are more. */
export const deadLettersScript = String.raw`#!lua flags=no-writes,allow-oom
${letter}
local list = ARGV[1] == '' and P .. 'deads' or P .. 'deads:' .. ARGV[1]
local answer = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', list, '(' .. ARGV[2], '+inf', 'LIMIT', 0, ARGV[3])) do
  answer[#answer + 1] = letterOf(id)
end
return answer
`;

const remove = String.raw`
local function removeLetter(id, queueId)
  call('DEL', P .. 'dead:' .. id)
  call('ZREM', P .. 'deads', id)
  call('ZREM', P .. 'deads:' .. queueId, id)
end
`;

/** ARGV: id. Answers { queue, waiting, dead letters }, or nothing when there is none of this id or its queue is gone. */
export const redriveScript = String.raw`#!lua
${queueLibrary}${remove}
local v = call('HMGET', P .. 'dead:' .. ARGV[1], 'q', 'p', 'b', 'f', 'n', 'position')
local q = v[1] and loadQueue(v[1])
if not q then return {} end
local position, flags, bodyBytes = tonumber(v[6]), tonumber(v[4]), tonumber(v[5])
if flags == SHARED then
  local key = P .. 'body:' .. v[6]
  if call('EXISTS', key) == 0 then call('HSET', key, 'b', v[3], 'n', 0) end
  call('HINCRBY', key, 'n', 1)
end
local never = 9007199254740991
local x = struct.unpack('>d', v[2], 14)
appendChunk(q, { count = 1, bytes = bodyBytes, base = v[6], h = struct.pack('>I4I4I2I2', #v[2], bodyBytes, 0, flags),
  b = v[2], t = int(redisNow()), x = int(x) })
saveQueue(q)
if x < never then expectExpiry(q, x) end
removeLetter(ARGV[1], v[1])
wake(q, '')
sendWakes()
return { v[1], saveWaiting(), int(call('ZCARD', P .. 'deads')) }
`;

/** ARGV: ids. Answers { how many there were, dead letters left }. */
export const purgeDeadLettersScript = String.raw`#!lua flags=allow-oom
local P = KEYS[1]
local call = redis.call
${remove}
local count = 0
for _, id in ipairs(ARGV) do
  local queueId = call('HGET', P .. 'dead:' .. id, 'q')
  if queueId then
    removeLetter(id, queueId)
    count = count + 1
  end
end
return { count, call('ZCARD', P .. 'deads') }
`;
