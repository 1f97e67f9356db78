/** The life of a node: its start at each connection, its housekeeping, and what becomes due. */
import { queueLibrary } from './queue-library.ts';

/** A node that died is remembered this long. */
const DEAD_NODE_KEPT_MS = 600_000;

/**
 * ARGV: node, about, lease ms, new store name, store known or empty, next position known, highest epoch known.
 *
 * Answers { past, store, Redis time }: `past` is `new` (an empty Redis, and nothing was known), `same`, `lost` (flushed, or
 * another store) or `behind` (an older state came back: positions that were acked are missing). The name of a store is
 * `HEX.N`, where N grows whenever an older state came back; the other nodes are told then.
 */
export const startNodeScript = String.raw`#!lua flags=allow-oom
${queueLibrary}
local node, about, leaseMs, newStore, known, nextPosition, epoch = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5],
  tonumber(ARGV[6]), tonumber(ARGV[7])
local store = call('HGET', P .. 'meta', 'store')
local past = 'same'
local function originOf(name) return string.match(name, '^%x+') end
if not store then
  past = known == '' and 'new' or 'lost'
  store = newStore .. '.1'
elseif known ~= '' and originOf(store) ~= originOf(known) then
  past = 'lost'
elseif known ~= '' and store ~= known then
  past = 'behind'
elseif known ~= '' and tonumber(call('HGET', P .. 'meta', 'seq') or 1) < nextPosition then
  past = 'behind'
  store = originOf(store) .. '.' .. int(tonumber(string.match(store, '%d+$')) + 1)
  for _, other in ipairs(call('HKEYS', P .. 'nodes')) do
    if other ~= node then
      call('SADD', P .. 'dirty:' .. other, 'r')
      call('PUBLISH', P .. 'wake:' .. other, 'r')
    end
  end
end
call('HSET', P .. 'meta', 'store', store, 'format', 1)
call('HSETNX', P .. 'meta', 'version', 0)
-- Positions and epochs only grow, whatever came back.
if tonumber(call('HGET', P .. 'meta', 'seq') or 0) < nextPosition then call('HSET', P .. 'meta', 'seq', int(nextPosition)) end
if tonumber(call('GET', P .. 'epoch') or 0) < epoch then call('SET', P .. 'epoch', int(epoch)) end
call('SET', P .. 'lease:' .. node, about, 'PX', leaseMs)
call('HSET', P .. 'nodes', node, about)
return { past, store, int(redisNow()) }
`;

/**
 * ARGV: node, retention ms. Answers { Redis time, next due or empty, sweeps due, deleted queues left, node, about, alive, … }.
 */
export const housekeepingScript = String.raw`#!lua flags=allow-oom
${queueLibrary}
local now = redisNow()
local due = call('ZRANGE', P .. 'delayed', 0, 0, 'WITHSCORES')
local sweeps = call('ZRANGEBYSCORE', P .. 'expire', '-inf', int(now), 'LIMIT', 0, 1)
local answer = { int(now), due[2] or '', int(#sweeps), int(call('HLEN', P .. 'gone')) }
local nodes = call('HGETALL', P .. 'nodes')
for i = 1, #nodes, 2 do
  local node = nodes[i]
  local alive = call('EXISTS', P .. 'lease:' .. node)
  if alive == 0 and node ~= ARGV[1] then
    call('HSETNX', P .. 'deadnodes', node, int(now))
    if now - tonumber(call('HGET', P .. 'deadnodes', node)) > ${DEAD_NODE_KEPT_MS} then
      call('HDEL', P .. 'nodes', node)
      call('HDEL', P .. 'deadnodes', node)
      call('DEL', P .. 'dirty:' .. node)
    end
  end
  answer[#answer + 1] = node
  answer[#answer + 1] = nodes[i + 1]
  answer[#answer + 1] = int(alive)
end
return answer
`;

/** Answers { when the next one is due or empty, position, to, … } of delayed events that are due, at most 100. */
export const listDueScript = String.raw`#!lua flags=no-writes,allow-oom
${queueLibrary}
local now = redisNow()
local answer = { '' }
for _, position in ipairs(call('ZRANGEBYSCORE', P .. 'delayed', '-inf', int(now), 'LIMIT', 0, 100)) do
  answer[#answer + 1] = position
  answer[#answer + 1] = call('HGET', P .. 'later:' .. position, 'to') or ''
end
if #answer == 1 then answer[1] = call('ZRANGE', P .. 'delayed', 0, 0, 'WITHSCORES')[2] or '' end
return answer
`;

/**
 * Puts delayed events that are due into the queues that they reach now.
 * ARGV: table version, events max, bytes max, retention ms, then position and queue ids (by line) of each.
 *
 * Answers `stale`, or the queues that got some.
 */
export const dueScript = String.raw`#!lua
${queueLibrary}
local eventsMax, bytesMax, retentionMs = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if call('HGET', P .. 'meta', 'version') ~= ARGV[1] then return 'stale' end
local now = redisNow()
local changed = {}

local function deliver(position, later, list)
  local base, h, b, x = later[1], later[2], later[3], later[4]
  local targets = {}
  local _, bodyBytes, index = struct.unpack('>I4I4I2', h)
  for id in string.gmatch(list, '[^\n]+') do
    local q = loadQueue(id)
    if q and q.kind ~= 'agent' and (q.waiting >= eventsMax or q.bytes + bodyBytes > bytesMax) then
      addSkip(q, q.next, q.next, 'o')
      q.next = q.next + 1
      changed[id] = q
    elseif q then
      targets[#targets + 1] = q
      changed[id] = q
    end
  end
  if #targets > 1 then
    call('HSET', P .. 'body:' .. position, 'b', string.sub(b, #b - bodyBytes + 1), 'n', #targets)
    b = string.sub(b, 1, #b - bodyBytes)
    h = struct.pack('>I4I4I2I2', #b, bodyBytes, index, SHARED)
  end
  for _, q in ipairs(targets) do
    appendChunk(q, { count = 1, bytes = bodyBytes, base = base, h = h, b = b, t = int(now), x = x })
    expectExpiry(q, math.min(tonumber(x), now + retentionMs))
  end
end

for i = 5, #ARGV, 2 do
  local position = ARGV[i]
  local later = call('HMGET', P .. 'later:' .. position, 'a', 'h', 'b', 'x')
  if later[1] then deliver(position, later, ARGV[i + 1]) end
  call('DEL', P .. 'later:' .. position)
  call('ZREM', P .. 'delayed', position)
end
local answer = {}
for id, q in pairs(changed) do
  saveQueue(q)
  wake(q, '')
  answer[#answer + 1] = id
end
saveWaiting()
sendWakes()
return answer
`;

/**
 * Takes expired entries out of queues that nobody reads, a few queues and 64 chunks at a time. ARGV: retention ms.
 * Answers how many were taken out.
 */
export const sweepScript = String.raw`#!lua flags=allow-oom
${queueLibrary}
local CHUNKS = 64
local QUEUES = 8
local LOOK_AGAIN_MS = 60000
local EXPIRES_AT = 14
local retentionMs = tonumber(ARGV[1])
local now = redisNow()
local total = 0

local function isRead(q)
  local found = false
  eachNode(q, function(node) if call('EXISTS', P .. 'lease:' .. node) == 1 then found = true end end)
  return found
end

local function lookAgain(q, time)
  call('ZREM', P .. 'expire', q.id)
  call('HDEL', P .. 'q:' .. q.id, 'expire')
  q.expire = math.huge
  expectExpiry(q, time)
end

local function sweepChunk(q, chunk)
  local isOld = chunk.t + retentionMs <= now
  if not isOld and chunk.x > now then return math.min(chunk.x, chunk.t + retentionMs) end
  local earliest = chunk.t + retentionMs
  local offset = 0
  for sequence = chunk.first, chunk.last do
    local payloadBytes = recordOf(chunk, sequence)
    local x = struct.unpack('>d', chunk.b, offset + EXPIRES_AT)
    if isOld or x <= now then
      if not isSettled(q, sequence) then
        freeEntry(q, chunk, sequence)
        addSkip(q, sequence, sequence, isOld and 'r' or 'e')
        total = total + 1
      end
    elseif x < earliest then
      earliest = x
    end
    offset = offset + payloadBytes
  end
  return isOld and math.huge or earliest
end

for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'expire', '-inf', int(now), 'LIMIT', 0, QUEUES)) do
  local q = loadQueue(id)
  if not q then
    call('ZREM', P .. 'expire', id)
  elseif isRead(q) then
    lookAgain(q, now + LOOK_AGAIN_MS)
  else
    local from = tonumber(call('HGET', P .. 'q:' .. id, 'sweptTo') or 0)
    local next = tonumber(call('HGET', P .. 'q:' .. id, 'sweepNext') or math.huge)
    local found = call('XRANGE', P .. 'e:' .. id, int(from + 1), '+', 'COUNT', CHUNKS)
    for _, entry in ipairs(found) do
      local chunk = parseChunk(entry)
      next = math.min(next, sweepChunk(q, chunk))
      from = chunk.last
    end
    saveQueue(q)
    if #found == CHUNKS then
      call('HSET', P .. 'q:' .. id, 'sweptTo', int(from), 'sweepNext', next == math.huge and 'inf' or int(next))
    else
      call('HDEL', P .. 'q:' .. id, 'sweptTo', 'sweepNext')
      lookAgain(q, math.max(next, now + 1000))
    end
  end
end
saveWaiting()
return total
`;

/** Answers 1 where writing is possible: it is refused while the memory is full or the disk fails. */
export const probeScript = String.raw`#!lua
return 1
`;
