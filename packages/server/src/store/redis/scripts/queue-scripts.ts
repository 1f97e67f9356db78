/** Queues made, told and forgotten. Subscriptions are in `subs` with a version, and in `subs:log` by version. */
import { queueLibrary } from './queue-library.ts';

/** Changes of the table of subscriptions that a node may be behind before it reads the whole table again. */
export const TABLE_LOG_MAX = 10_000;

const queueInfo = String.raw`
local function infoOf(id)
  local v = call('HMGET', P .. 'q:' .. id, 'lineage', 'settled', 'next', 'waiting', 'bytes', 'delivered')
  if not v[1] then return false end
  -- Entries of a group tell it themselves.
  local delivered = v[6] or '0'
  -- Somebody began deliveries and did not end them in good order: all that is there may have been delivered.
  if call('SCARD', P .. 't:' .. id) > 0 then delivered = int(tonumber(v[3]) - 1) end
  return { id, v[1], v[2], v[3], v[4], v[5], delivered }
end
`;

const table = String.raw`
local function changeTable(id, pattern)
  local version = int(call('HINCRBY', P .. 'meta', 'version', 1))
  call('XADD', P .. 'subs:log', 'MAXLEN', '~', ${TABLE_LOG_MAX}, version .. '-1', 'q', id, 'p', pattern)
  if pattern == '' then call('HDEL', P .. 'subs', id) else call('HSET', P .. 'subs', id, pattern) end
end
`;

/**
 * ARGV: name, kind, agentId (empty for a group), pattern (empty for an agent's own), lineage.
 * Answers its info, and how many there are where it was made.
 */
export const openQueueScript = String.raw`#!lua
${queueLibrary}${queueInfo}${table}
local id, kind, agentId, pattern, lineage = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local q = loadQueue(id)
local made = not q
if made then
  call('HSET', P .. 'q:' .. id, 'next', 1, 'settled', 0, 'waiting', 0, 'bytes', 0, 'kind', kind, 'lineage', lineage)
  call('SADD', P .. 'queues', id)
  if agentId ~= '' then call('SADD', P .. 'aq:' .. agentId, id) end
  if pattern ~= '' then changeTable(id, pattern) end
end
local info = infoOf(id)
info[8] = made and int(call('SCARD', P .. 'queues')) or ''
return info
`;

/** ARGV: agentId. Answers the infos of its queues. */
export const queuesOfScript = String.raw`#!lua flags=no-writes,allow-oom
${queueLibrary}${queueInfo}
local answer = {}
for _, id in ipairs(call('SMEMBERS', P .. 'aq:' .. ARGV[1])) do
  local info = infoOf(id)
  if info then answer[#answer + 1] = info end
end
return answer
`;

/** ARGV: names. Answers the infos of those that are there. */
export const queueInfosScript = String.raw`#!lua flags=no-writes,allow-oom
${queueLibrary}${queueInfo}
local answer = {}
for _, id in ipairs(ARGV) do
  local info = infoOf(id)
  if info then answer[#answer + 1] = info end
end
return answer
`;

/** ARGV: version known (-1 for none). Answers { version, whole table? , id, pattern, … }; an empty pattern is one removed. */
export const tableScript = String.raw`#!lua flags=no-writes,allow-oom
local P = KEYS[1]
local known = tonumber(ARGV[1])
local version = tonumber(redis.call('HGET', P .. 'meta', 'version') or 0)
local answer = { string.format('%.0f', version), '0' }
if known >= 0 and known <= version and version - known <= 1000 then
  local found = redis.call('XRANGE', P .. 'subs:log', '(' .. string.format('%.0f', known) .. '-1', '+')
  if #found == version - known then
    for _, entry in ipairs(found) do
      answer[#answer + 1] = entry[2][2]
      answer[#answer + 1] = entry[2][4]
    end
    return answer
  end
end
answer[2] = '1'
for _, each in ipairs(redis.call('HGETALL', P .. 'subs')) do answer[#answer + 1] = each end
return answer
`;

/**
 * ARGV: name, agentId. Answers { queues left, sum of waiting entries }, or nothing when there is none. What
 * waits in it is only put aside (`gone`) and taken apart later, a piece at a time, so that a long queue stops nobody.
 */
export const deleteQueueScript = String.raw`#!lua flags=allow-oom
${queueLibrary}${table}
local id, agentId = ARGV[1], ARGV[2]
local q = loadQueue(id)
if not q then return {} end
local gone = int(call('INCR', P .. 'goneseq'))
call('HSET', P .. 'gone', gone, int(q.settled))
for _, kind in ipairs({ 'e', 'd', 'k' }) do
  if call('EXISTS', P .. kind .. ':' .. id) == 1 then
    call('RENAME', P .. kind .. ':' .. id, P .. 'gone:' .. kind .. ':' .. gone)
  end
end
for _, kind in ipairs({ 'q', 'f', 'fh', 'c', 't' }) do call('DEL', P .. kind .. ':' .. id) end
call('SREM', P .. 'queues', id)
call('ZREM', P .. 'expire', id)
if agentId ~= '' then call('SREM', P .. 'aq:' .. agentId, id) end
if call('HEXISTS', P .. 'subs', id) == 1 then changeTable(id, '') end
waitingDelta = -q.waiting
return { int(call('SCARD', P .. 'queues')), saveWaiting() }
`;

/** Takes up to 64 chunks of a deleted queue apart: shared bodies lose a reference. Answers 1 while there is more. */
export const reapScript = String.raw`#!lua flags=allow-oom
${queueLibrary}
local first = call('HSCAN', P .. 'gone', 0, 'COUNT', 1)[2]
local gone, settled = first[1], tonumber(first[2] or 0)
if not gone then return 0 end
local key = P .. 'gone:e:' .. gone
local found = call('XRANGE', key, '-', '+', 'COUNT', 64)
local q = { id = '', next = math.huge, settled = settled }
for _, entry in ipairs(found) do
  local chunk = parseChunk(entry)
  for sequence = chunk.first, chunk.last do
    local _, _, index, flags = recordOf(chunk, sequence)
    if flags == SHARED and sequence > settled and not rangeAt(P .. 'gone:d:' .. gone, sequence)
      and not rangeAt(P .. 'gone:k:' .. gone, sequence) then
      freeBody(tonumber(chunk.base) + index)
    end
  end
  call('XDEL', key, entry[1])
end
if #found < 64 then
  call('DEL', key, P .. 'gone:d:' .. gone, P .. 'gone:k:' .. gone)
  call('HDEL', P .. 'gone', gone)
end
return call('HLEN', P .. 'gone') > 0 and 1 or 0
`;
