/**
 * What the scripts on queues have in common, in Lua. Scripts run whole and alone, so each is one step for every node.
 *
 * Keys, each after the prefix `KEYS[1]`:
 *   q:NAME  queue: next, settled, waiting, bytes, own (epoch), nodes (that read it), kind, lineage, delivered
 *   e:NAME  stream of chunks; the id is `<last sequence>-<count>`, so what is settled is trimmed by its number alone
 *   d:NAME  ranges settled above `settled`, scored by their first sequence
 *   k:NAME  skips `from:to:reason` that nobody took note of yet, scored by `from`
 *   f:NAME  failures by sequence; fh:NAME their reasons
 *   c:NAME  of a group, by sequence: `node/read` for who holds it, with + behind it, or + alone, where an agent may have seen it
 *   t:NAME  readers that began deliveries and are not gone in good order; none of a group, whose entries tell it themselves
 *   body:N  a body that several queues share: b, n (how many)
 *   live    epoch → node of every lease; lease:NODE is there while a node lives
 *
 * A chunk has a (log position before its batch), h (12 bytes an entry: payload length, body length, index in the batch,
 * flags), b (the payloads), t (Redis time), x (earliest expiry).
 */
export const queueLibrary = String.raw`
local P = KEYS[1]
local call = redis.call
local RECORD = 12
local SHARED = 1

local function int(x) return string.format('%.0f', x) end

local function redisNow()
  local t = call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

local function isLive(node, epoch) return call('HGET', P .. 'live', epoch) == node end

local function isAlive(node) return call('EXISTS', P .. 'lease:' .. node) == 1 end

-- Of a claim: its node, the number of the read that made it, and + where an agent may have seen the entry before.
local function ownerOf(claim) return string.match(claim, '^(.*)/(%d+)(%+?)$') end

local loaded = {}
local waitingDelta = 0

local function loadQueue(id)
  local q = loaded[id]
  if q then return q end
  local v = call('HMGET', P .. 'q:' .. id, 'next', 'settled', 'waiting', 'bytes', 'own', 'nodes', 'kind', 'lineage', 'expire')
  if not v[1] then return nil end
  q = { id = id, next = tonumber(v[1]), settled = tonumber(v[2]), waiting = tonumber(v[3]), bytes = tonumber(v[4]),
    own = tonumber(v[5] or 0), nodes = v[6] or '', kind = v[7], lineage = v[8],
    expire = tonumber(v[9] or 'inf') }
  loaded[id] = q
  return q
end

-- A queue by the id that callers have: its name and the beginning of its lineage, so one made anew is another.
local MARK = 8
local function findQueue(queueId)
  local q = loadQueue(string.sub(queueId, 1, -MARK - 2))
  if q and string.sub(q.lineage, 1, MARK) == string.sub(queueId, -MARK) then return q end
  return nil
end

local function saveQueue(q)
  call('HSET', P .. 'q:' .. q.id, 'next', int(q.next), 'settled', int(q.settled), 'waiting', int(q.waiting),
    'bytes', int(q.bytes))
end

-- Somebody looks at the queue at this time; asked for only where it is earlier than before.
local function expectExpiry(q, time)
  if time >= q.expire then return end
  q.expire = time
  call('ZADD', P .. 'expire', int(time), q.id)
  call('HSET', P .. 'q:' .. q.id, 'expire', int(time))
end

-- Answers the new sum, or nothing where it did not change.
local function saveWaiting()
  if waitingDelta == 0 then return '' end
  return int(call('HINCRBY', P .. 'meta', 'waiting', int(waitingDelta)))
end

local function appendChunk(q, chunk)
  q.next = q.next + chunk.count
  q.waiting = q.waiting + chunk.count
  q.bytes = q.bytes + chunk.bytes
  waitingDelta = waitingDelta + chunk.count
  call('XADD', P .. 'e:' .. q.id, int(q.next - 1) .. '-' .. int(chunk.count),
    'a', chunk.base, 'h', chunk.h, 'b', chunk.b, 't', chunk.t, 'x', chunk.x)
end

local function parseChunk(entry)
  local last, count = string.match(entry[1], '^(%d+)-(%d+)$')
  local f = entry[2]
  last = tonumber(last)
  count = tonumber(count)
  return { first = last - count + 1, last = last, count = count, base = f[2], h = f[4], b = f[6],
    t = tonumber(f[8]), x = tonumber(f[10]) }
end

-- The chunk that holds a sequence, or nil. One is remembered: calls go upwards mostly.
local function chunkOf(q, sequence)
  local c = q.chunk
  if c and c.first <= sequence and sequence <= c.last then return c end
  local found = call('XRANGE', P .. 'e:' .. q.id, int(sequence), '+', 'COUNT', 1)
  if not found[1] then return nil end
  c = parseChunk(found[1])
  q.chunk = c
  if c.first > sequence then return nil end
  return c
end

-- Payload length, body length, index, flags.
local function recordOf(chunk, sequence)
  return struct.unpack('>I4I4I2I2', chunk.h, (sequence - chunk.first) * RECORD + 1)
end

local function payloadOffset(chunk, sequence)
  local offset = 0
  for i = 0, sequence - chunk.first - 1 do
    offset = offset + (struct.unpack('>I4', chunk.h, i * RECORD + 1))
  end
  return offset
end

local function rangeAt(key, sequence)
  local found = call('ZREVRANGEBYSCORE', key, int(sequence), '-inf', 'LIMIT', 0, 1)[1]
  if not found then return nil end
  local from, to, reason = string.match(found, '^(%d+):(%d+):?(%a*)$')
  from = tonumber(from)
  to = tonumber(to)
  if to < sequence then return nil end
  return { member = found, from = from, to = to, reason = reason }
end

local function isSettled(q, sequence)
  if sequence <= q.settled or sequence >= q.next then return true end
  if rangeAt(P .. 'd:' .. q.id, sequence) then return true end
  return rangeAt(P .. 'k:' .. q.id, sequence) ~= nil
end

local function addRange(key, from, to, suffix)
  local before = rangeAt(key, from - 1)
  if before and before.reason == suffix then
    call('ZREM', key, before.member)
    from = before.from
  end
  local after = call('ZRANGEBYSCORE', key, int(to + 1), int(to + 1), 'LIMIT', 0, 1)[1]
  if after then
    local last, reason = string.match(after, '^%d+:(%d+):?(%a*)$')
    if reason == suffix then
      call('ZREM', key, after)
      to = tonumber(last)
    end
  end
  local member = int(from) .. ':' .. int(to)
  if suffix ~= '' then member = member .. ':' .. suffix end
  call('ZADD', key, int(from), member)
end

local function addSkip(q, from, to, reason) addRange(P .. 'k:' .. q.id, from, to, reason) end

local function markDone(q, from, to)
  if from <= q.settled + 1 then
    if to > q.settled then q.settled = to end
  else
    addRange(P .. 'd:' .. q.id, from, to, '')
  end
end

-- Moves "settled" over what is done, and lets go of chunks that are done whole.
local function advance(q)
  local key = P .. 'd:' .. q.id
  while true do
    local first = call('ZRANGE', key, 0, 0)[1]
    if not first then break end
    local from, to = string.match(first, '^(%d+):(%d+)$')
    if tonumber(from) > q.settled + 1 then break end
    if tonumber(to) > q.settled then q.settled = tonumber(to) end
    call('ZREM', key, first)
  end
  call('XTRIM', P .. 'e:' .. q.id, 'MINID', int(q.settled + 1))
end

local function freeBody(position)
  local key = P .. 'body:' .. int(position)
  if call('HINCRBY', key, 'n', -1) <= 0 then call('DEL', key) end
end

-- Takes an entry out of the counts, and with it what is kept beside it.
local function freeEntry(q, chunk, sequence)
  local _, bodyBytes, index, flags = recordOf(chunk, sequence)
  q.waiting = q.waiting - 1
  q.bytes = q.bytes - bodyBytes
  waitingDelta = waitingDelta - 1
  if flags == SHARED then freeBody(tonumber(chunk.base) + index) end
  local field = int(sequence)
  if call('HDEL', P .. 'f:' .. q.id, field) == 1 then call('HDEL', P .. 'fh:' .. q.id, field) end
  if q.kind == 'group' then call('HDEL', P .. 'c:' .. q.id, field) end
end

local function eachNode(q, visit)
  for node in string.gmatch(q.nodes, '[^,]+') do visit(node) end
end

-- Wake-ups by node: told by pub/sub, and kept in a set that the node polls for those that got lost. A node without a lease
-- looks at all that it reads when it comes back.
local wakes = {}
local isGone = {}
local function wake(q, exceptNode)
  eachNode(q, function(node)
    if node == exceptNode then return end
    if isGone[node] == nil then isGone[node] = not isAlive(node) end
    if isGone[node] then return end
    call('SADD', P .. 'dirty:' .. node, 'q' .. q.id)
    local list = wakes[node]
    if not list then list = {} wakes[node] = list end
    list[#list + 1] = 'q' .. q.id
  end)
end

local function sendWakes()
  for node, list in pairs(wakes) do call('PUBLISH', P .. 'wake:' .. node, table.concat(list, '\n')) end
end

local function remembered(lane, batch)
  local found = call('HGET', P .. 'batch:' .. lane, batch % 16)
  if not found then return nil end
  local number, answer = string.match(found, '^(%d+) (.*)$')
  if tonumber(number) == batch then return answer end
  return nil
end

local function remember(lane, batch, answer)
  call('HSET', P .. 'batch:' .. lane, batch % 16, int(batch) .. ' ' .. answer)
  if batch % 16 == 1 then call('PEXPIRE', P .. 'batch:' .. lane, 600000) end
end
`;
