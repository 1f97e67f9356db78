/**
 * Publish: one batch of events in one step, so that one fsync serves them all. Its work grows with producers and queues,
 * not with events: payloads of a queue come joined, and are cut only where something is refused.
 *
 * Asked again with the same batch number (its answer was lost) it answers the same and does nothing.
 *
 * ARGV: node, lane, batch, store, table version, event count, events max, bytes max, retention ms, four counts, then
 *   producers  batch before it or 0, agentId, producerId, settled number, first number, count,
 *              records (19 bytes: number, index, durability, hash)
 *   ids        index, key, hash and durability
 *   bodies     index, body
 *   chunks     queueId, kind, count, body bytes, h, b, x
 *   delayed    index, due, h, b, x, to, queueId of an agent or empty
 *
 * Answers `stale` (the table of subscriptions changed), `lost` (this is another store than the caller knows), or
 * `base waiting index=status…`, where waiting is the sum of all queues or nothing: d and r
 * duplicates of the position after it, c conflict, s settled, f full, u no such queue, w the batch before it was not done:
 * what comes after it of the same outbox is not stored before it.
 */
import { queueLibrary } from './queue-library.ts';

export const publishScript = String.raw`#!lua
${queueLibrary}
local RING_RECORD = 19
local RING_NUMBERS = 8192
local TRIM_STEP = 128
local PRODUCERS_PER_AGENT_MAX = 64
local ID_KEPT_MS = 86400000

local at = 0
local function arg() at = at + 1 return ARGV[at] end
local function argNumber() return tonumber(arg()) end

local node, lane, batch, store, version = arg(), arg(), argNumber(), arg(), arg()
local eventCount, eventsMax, bytesMax, retentionMs = argNumber(), argNumber(), argNumber(), argNumber()

local meta = call('HMGET', P .. 'meta', 'store', 'version', 'seq', 'waiting')
if meta[1] ~= store then return 'lost' end
local earlier = remembered(lane, batch)
if earlier then return earlier end
if meta[2] ~= version then return 'stale' end

local producerCount, idCount, bodyCount, chunkCount, delayedCount =
  argNumber(), argNumber(), argNumber(), argNumber(), argNumber()
local base = tonumber(meta[3] or 1)
local baseText = int(base)
local now = redisNow()
local nowText = int(now)
local status = {}
local refusals = false
local function refuse(index, what)
  status[index] = what
  refusals = true
end

-- 1. What was published before.
local function ringRecord(records, i)
  return struct.unpack('>dI2c1c8', records, i * RING_RECORD + 1)
end

local function storedBefore(p, number)
  local found = call('XRANGE', p.ring, int(number), '+', 'COUNT', 1)[1]
  if found then
    local records = found[2][4]
    for i = 0, #records / RING_RECORD - 1 do
      local n, index, durability, hash = ringRecord(records, i)
      if n == number then return int(tonumber(found[2][2]) + index), durability, hash end
    end
  end
  local gap = call('HGET', p.gaps, int(number))
  if gap then
    local position, durability, hash = struct.unpack('>dc1c8', gap)
    return int(position), durability, hash
  end
  return nil
end

local function isDone(number)
  local done = number == 0 or remembered(lane, number)
  return done == true or done and not string.find(done, '=w', 1, true)
end

local producers = {}
for i = 1, producerCount do
  local before, agentId, producerId, settled, first, count, records =
    argNumber(), arg(), arg(), argNumber(), argNumber(), argNumber(), arg()
  local name = agentId .. ':' .. producerId
  local v = call('HMGET', P .. 'p:' .. name, 'high', 'floor', 'hour')
  local p = { agentId = agentId, producerId = producerId, key = P .. 'p:' .. name, ring = P .. 'r:' .. name,
    gaps = P .. 'g:' .. name, high = tonumber(v[1] or 0), floor = tonumber(v[2] or 0), hour = v[3], count = count,
    records = records, settled = settled, isKnown = v[1] }
  producers[i] = p
  if not isDone(before) then
    for j = 0, count - 1 do
      local _, index = ringRecord(records, j)
      refuse(index, 'w')
    end
  elseif first <= p.high then
    for j = 0, count - 1 do
      local number, index, _, hash = ringRecord(records, j)
      if number <= p.floor then
        refuse(index, 's')
      elseif number <= p.high then
        local position, durability, hashBefore = storedBefore(p, number)
        if position and hashBefore ~= hash then
          refuse(index, 'c')
        elseif position then
          refuse(index, durability .. position)
        end
      end
    end
  end
end

local ids = {}
for i = 1, idCount do
  local index, key, mark = argNumber(), arg(), arg()
  local found = call('GET', P .. 'id:' .. key)
  if found then
    local durability, hash, position = struct.unpack('>c1c8d', found)
    if hash ~= string.sub(mark, 2) then refuse(index, 'c') else refuse(index, durability .. int(position)) end
  else
    ids[#ids + 1] = { index = index, key = key, mark = mark }
  end
end

local bodies = {}
for i = 1, bodyCount do bodies[i] = { index = argNumber(), body = arg() } end

-- 2. Queues.
local references = {}
local changed = {}
local changedList = {}

local function touch(q, x)
  if not changed[q.id] then
    changed[q.id] = { q = q, x = x }
    changedList[#changedList + 1] = changed[q.id]
  elseif x < changed[q.id].x then
    changed[q.id].x = x
  end
end

local function fits(q, count, bytes)
  return q.waiting + count <= eventsMax and q.bytes + bytes <= bytesMax
end

local function countReferences(h)
  for i = 0, #h / RECORD - 1 do
    local _, _, index, flags = struct.unpack('>I4I4I2I2', h, i * RECORD + 1)
    if flags == SHARED then references[index] = (references[index] or 0) + 1 end
  end
end

local function appendSome(q, kind, h, b, x)
  local heads, payloads, count, bytes = {}, {}, 0, 0
  local function flush()
    if count == 0 then return end
    local joined = table.concat(heads)
    appendChunk(q, { count = count, bytes = bytes, base = baseText, h = joined, b = table.concat(payloads), t = nowText, x = x })
    countReferences(joined)
    heads, payloads, count, bytes = {}, {}, 0, 0
  end
  local offset = 1
  for i = 0, #h / RECORD - 1 do
    local payloadBytes, bodyBytes, index = struct.unpack('>I4I4I2', h, i * RECORD + 1)
    if not status[index] then
      if fits(q, count + 1, bytes + bodyBytes) then
        count = count + 1
        bytes = bytes + bodyBytes
        heads[count] = string.sub(h, i * RECORD + 1, (i + 1) * RECORD)
        payloads[count] = string.sub(b, offset, offset + payloadBytes - 1)
      elseif kind == 'agent' then
        refuse(index, 'f')
      else
        flush()
        addSkip(q, q.next, q.next, 'o')
        q.next = q.next + 1
      end
    end
    offset = offset + payloadBytes
  end
  flush()
end

for i = 1, chunkCount do
  local id, kind, count, bytes, h, b, x = arg(), arg(), argNumber(), argNumber(), arg(), arg(), arg()
  local q = loadQueue(id)
  if not q then
    -- Subscriptions that are gone change the version of the table; only an agent's own queue can be missing.
    for j = 0, count - 1 do
      local _, _, index = struct.unpack('>I4I4I2', h, j * RECORD + 1)
      if not status[index] then refuse(index, 'u') end
    end
  else
    if not refusals and fits(q, count, bytes) then
      appendChunk(q, { count = count, bytes = bytes, base = baseText, h = h, b = b, t = nowText, x = x })
      if bodyCount > 0 then countReferences(h) end
    else
      appendSome(q, kind, h, b, x)
    end
    touch(q, tonumber(x))
  end
end

for i = 1, bodyCount do
  local index = bodies[i].index
  if references[index] then
    call('HSET', P .. 'body:' .. int(base + index), 'b', bodies[i].body, 'n', references[index])
  end
end

for i = 1, delayedCount do
  local index, due, h, b, x, to, id = argNumber(), arg(), arg(), arg(), arg(), arg(), arg()
  if id ~= '' and not status[index] then
    local q = loadQueue(id)
    local _, bodyBytes = struct.unpack('>I4I4', h)
    if not q then refuse(index, 'u') elseif not fits(q, 1, bodyBytes) then refuse(index, 'f') end
  end
  if not status[index] then
    local position = int(base + index)
    call('HSET', P .. 'later:' .. position, 'a', baseText, 'h', h, 'b', b, 'x', x, 'to', to)
    call('ZADD', P .. 'delayed', due, position)
  end
end

for _, each in ipairs(changedList) do
  saveQueue(each.q)
  expectExpiry(each.q, math.min(each.x, now + retentionMs))
  wake(each.q, node)
end

-- 3. What is known from now on.
local function keepRecords(p)
  local kept, count, last = {}, 0, 0
  for j = 0, p.count - 1 do
    local number, index, durability, hash = ringRecord(p.records, j)
    if not status[index] then
      if number <= p.high then
        call('HSET', p.gaps, int(number), struct.pack('>dc1c8', base + index, durability, hash))
      else
        count = count + 1
        last = number
        kept[count] = string.sub(p.records, j * RING_RECORD + 1, (j + 1) * RING_RECORD)
      end
    end
  end
  return table.concat(kept), count, last
end

-- An agent has a bounded number of outboxes; the one unused longest makes room.
local function forgetOldest(agentId)
  local list = P .. 'ps:' .. agentId
  if call('ZCARD', list) <= PRODUCERS_PER_AGENT_MAX then return end
  local producerId = call('ZRANGE', list, 0, 0)[1]
  local name = agentId .. ':' .. producerId
  call('DEL', P .. 'p:' .. name, P .. 'r:' .. name, P .. 'g:' .. name)
  call('ZREM', list, producerId)
end

local hour = int(math.floor(now / 3600000))
for _, p in ipairs(producers) do
  local records, count, last = p.records, p.count, (ringRecord(p.records, p.count - 1))
  if refusals or (ringRecord(p.records, 0)) <= p.high then records, count, last = keepRecords(p) end
  local high = p.high
  if count > 0 then
    call('XADD', p.ring, int(last) .. '-' .. count, 'a', baseText, 'r', records)
    high = last
  end
  local floor = math.max(p.floor, math.min(p.settled, high), high - RING_NUMBERS)
  -- In steps, for it costs about as much as an event.
  if math.floor(floor / TRIM_STEP) > math.floor(p.floor / TRIM_STEP) then
    call('XTRIM', p.ring, 'MINID', int(floor + 1))
    for _, field in ipairs(call('HKEYS', p.gaps)) do
      if tonumber(field) <= floor then call('HDEL', p.gaps, field) end
    end
  end
  call('HSET', p.key, 'high', int(high), 'floor', int(floor), 'hour', hour)
  if p.hour ~= hour then
    call('ZADD', P .. 'ps:' .. p.agentId, hour, p.producerId)
    if not p.isKnown then forgetOldest(p.agentId) end
  end
end
for _, each in ipairs(ids) do
  if not status[each.index] then
    call('SET', P .. 'id:' .. each.key, each.mark .. struct.pack('>d', base + each.index), 'PX', ID_KEPT_MS)
  end
end

local waiting = waitingDelta == 0 and '' or int(tonumber(meta[4] or 0) + waitingDelta)
if waiting == '' then
  call('HSET', P .. 'meta', 'seq', int(base + eventCount))
else
  call('HSET', P .. 'meta', 'seq', int(base + eventCount), 'waiting', waiting)
end
local answer = { baseText, waiting }
if refusals then
  for index = 0, eventCount - 1 do
    if status[index] then answer[#answer + 1] = index .. '=' .. status[index] end
  end
end
local text = table.concat(answer, ' ')
remember(lane, batch, text)
sendWakes()
return text
`;
