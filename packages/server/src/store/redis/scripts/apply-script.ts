/**
 * Apply: one batch of writes that nobody waits for: settlements, begins and ends of deliveries, leases given up, usage.
 * Acknowledging works while the memory of Redis is full: it makes room.
 *
 * Asked again with the same batch number it answers the same and does nothing.
 *
 * ARGV: node, lane, batch, store, then operations, each a letter and its arguments:
 *   S  queueId, node, epoch, n, settlements: a from to | k to | t sequence | f sequence reason at |
 *      x sequence reason at | o sequence reason
 *   B  queueId, node, epoch                                     deliveries begin
 *   R  queueId, node, epoch, deliveredTo, held (joined by ,), number of a read   the reader is gone, or
 *      a read got lost, or empty
 *   G  agentId, instance, node, epoch, at                       the agent is gone from here
 *   U  hour, agentId, seven counts                              usage
 *   N                                                           nothing: it ends when all before it are done
 *
 * Answers one letter an operation, o for done, f for fenced and h where another node holds what was to become a dead letter,
 * then the sums of waiting entries and of dead letters where
 * they changed; or `lost`.
 */
import { queueLibrary } from './queue-library.ts';

export const applyScript = String.raw`#!lua flags=allow-oom
${queueLibrary}
local HISTORY_MAX = 20
local USAGE_KEPT_MS = 34560000000

local at = 0
local function arg() at = at + 1 return ARGV[at] end
local function argNumber() return tonumber(arg()) end
local self, lane, batch, store = arg(), arg(), argNumber(), arg()
if call('HGET', P .. 'meta', 'store') ~= store then return 'lost' end
local earlier = remembered(lane, batch)
if earlier then return earlier end
local touched = {}
local isBuried = false

local function historyOf(q, sequence)
  local found = call('HGET', P .. 'fh:' .. q.id, int(sequence))
  return found and cjson.decode(found) or {}
end

local function addFailure(q, sequence, reason, time)
  local history = historyOf(q, sequence)
  if #history >= HISTORY_MAX then table.remove(history, 1) end
  history[#history + 1] = { at = time, reason = reason }
  call('HSET', P .. 'fh:' .. q.id, int(sequence), cjson.encode(history))
  call('HINCRBY', P .. 'f:' .. q.id, int(sequence), 1)
end

local function bury(q, chunk, sequence, reason, time)
  addFailure(q, sequence, reason, tonumber(time))
  local payloadBytes, bodyBytes, index, flags = recordOf(chunk, sequence)
  local offset = payloadOffset(chunk, sequence)
  local position = tonumber(chunk.base) + index
  local payload = string.sub(chunk.b, offset + 1, offset + payloadBytes)
  local body = flags == SHARED and (call('HGET', P .. 'body:' .. int(position), 'b') or '') or ''
  local history = call('HGET', P .. 'fh:' .. q.id, int(sequence)) or '[]'
  local attempts = call('HGET', P .. 'f:' .. q.id, int(sequence)) or '0'
  local id = int(call('INCR', P .. 'deadseq'))
  call('HSET', P .. 'dead:' .. id, 'q', q.id, 'p', payload, 'b', body, 'f', flags, 'n', int(bodyBytes),
    'reason', reason, 'at', time, 'attempts', attempts, 'history', history, 'position', int(position))
  call('ZADD', P .. 'deads', id, id)
  isBuried = true
  call('ZADD', P .. 'deads:' .. q.id, id, id)
end

-- What another node holds. That an agent is done with an entry counts whoever holds it; anything else is its holder's.
local function isOthers(q, sequence, node)
  local claim = q.kind == 'group' and call('HGET', P .. 'c:' .. q.id, int(sequence))
  local holder = claim and ownerOf(claim)
  return holder and holder ~= node and isAlive(holder)
end

local function openChunk(q, sequence) return not isSettled(q, sequence) and chunkOf(q, sequence) end

-- Everything up to here is done, whatever it is; walks chunks, not sequences.
local function settleTo(q, sequence)
  local to = math.min(sequence, q.next - 1)
  if to <= q.settled then return end
  local from = q.settled + 1
  while from <= to do
    local found = call('XRANGE', P .. 'e:' .. q.id, int(from), '+', 'COUNT', 1)[1]
    if not found then break end
    local chunk = parseChunk(found)
    for s = math.max(chunk.first, from), math.min(chunk.last, to) do
      if not isSettled(q, s) then freeEntry(q, chunk, s) end
    end
    from = chunk.last + 1
  end
  local key = P .. 'k:' .. q.id
  for _, member in ipairs(call('ZRANGEBYSCORE', key, '-inf', int(to))) do
    local _, last, reason = string.match(member, '^(%d+):(%d+):(%a)$')
    call('ZREM', key, member)
    if tonumber(last) > to then addSkip(q, to + 1, tonumber(last), reason) end
  end
  q.settled = to
end

local function seeSkips(q, to)
  local key = P .. 'k:' .. q.id
  for _, member in ipairs(call('ZRANGEBYSCORE', key, '-inf', int(to))) do
    local first, last, reason = string.match(member, '^(%d+):(%d+):(%a)$')
    first = tonumber(first)
    last = tonumber(last)
    call('ZREM', key, member)
    markDone(q, first, math.min(last, to))
    if last > to then addSkip(q, to + 1, last, reason) end
  end
end

-- Answers whether it could not be done.
local function settle(q, node)
  local kind = arg()
  if kind == 'a' then
    local from, to = argNumber(), argNumber()
    local first
    for sequence = from, to do
      local chunk = openChunk(q, sequence)
      if chunk then
        freeEntry(q, chunk, sequence)
        first = first or sequence
      elseif first then
        markDone(q, first, sequence - 1)
        first = nil
      end
    end
    if first then markDone(q, first, to) end
  elseif kind == 'k' then
    seeSkips(q, argNumber())
  elseif kind == 't' then
    settleTo(q, argNumber())
  elseif kind == 'f' then
    local sequence, reason, time = argNumber(), arg(), argNumber()
    if openChunk(q, sequence) and not isOthers(q, sequence, node) then addFailure(q, sequence, reason, time) end
  elseif kind == 'x' then
    local sequence, reason, time = argNumber(), arg(), arg()
    local chunk = openChunk(q, sequence)
    if chunk and isOthers(q, sequence, node) then return true end
    if chunk then
      bury(q, chunk, sequence, reason, time)
      freeEntry(q, chunk, sequence)
      addSkip(q, sequence, sequence, 'd')
    end
  else
    local sequence, reason = argNumber(), arg()
    local chunk = openChunk(q, sequence)
    if chunk and not isOthers(q, sequence, node) then
      freeEntry(q, chunk, sequence)
      addSkip(q, sequence, sequence, reason)
    end
  end
  return false
end

local function skipArguments(kind)
  local counts = { a = 2, k = 1, t = 1, f = 3, x = 3, o = 2 }
  at = at + counts[kind]
end

local operations = {}

function operations.S()
  local id, node, epoch, count = arg(), arg(), arg(), argNumber()
  local q = findQueue(id)
  local isFenced = not isLive(node, epoch) or (q and q.kind ~= 'group' and q.own > tonumber(epoch) and q.nodes ~= node)
  if isFenced or not q then
    for _ = 1, count do skipArguments(arg()) end
    return isFenced and 'f' or 'o'
  end
  local isHeld = false
  for _ = 1, count do isHeld = settle(q, node) or isHeld end
  advance(q)
  touched[q.id] = q
  return isHeld and 'h' or 'o'
end

function operations.B()
  local id, node, epoch = arg(), arg(), arg()
  local q = findQueue(id)
  if not q or not isLive(node, epoch) then return 'f' end
  if q.kind ~= 'group' then call('SADD', P .. 't:' .. q.id, node .. ':' .. epoch) end
  return 'o'
end

-- Nobody holds it any more; what an agent may have seen is remembered.
local function setFree(q, sequence, isSeen)
  if isSeen then call('HSET', P .. 'c:' .. q.id, sequence, '+') else call('HDEL', P .. 'c:' .. q.id, sequence) end
end

local function releaseHeld(q, node, deliveredTo, held)
  local freed = false
  for sequence in string.gmatch(held, '%d+') do
    local holder, _, mark = ownerOf(call('HGET', P .. 'c:' .. q.id, sequence) or '')
    if holder == node then
      setFree(q, sequence, mark ~= '' or tonumber(sequence) <= deliveredTo)
      freed = true
    end
  end
  return freed
end

local function releaseRead(q, node, number)
  local freed = false
  local claims = call('HGETALL', P .. 'c:' .. q.id)
  for i = 1, #claims, 2 do
    local holder, read, mark = ownerOf(claims[i + 1])
    if holder == node and read == number then
      setFree(q, claims[i], mark ~= '')
      freed = true
    end
  end
  return freed
end

function operations.R()
  local id, node, epoch, deliveredTo, held, read = arg(), arg(), arg(), argNumber(), arg(), arg()
  local q = findQueue(id)
  if not q then return 'o' end
  local key = P .. 'q:' .. q.id
  if q.kind == 'group' then
    local freed = releaseHeld(q, node, deliveredTo, held)
    if read ~= '' then freed = releaseRead(q, node, read) or freed end
    if freed then wake(q, self) end
    return 'o'
  end
  if q.nodes ~= node then
    call('SREM', P .. 't:' .. q.id, node .. ':' .. epoch)
    return 'o'
  end
  -- It knew how far those before it had got.
  call('DEL', P .. 't:' .. q.id)
  if deliveredTo > tonumber(call('HGET', key, 'delivered') or 0) then call('HSET', key, 'delivered', int(deliveredTo)) end
  call('HSET', key, 'nodes', '', 'own', 0)
  return 'o'
end

function operations.G()
  local agentId, instance, node, epoch, time = arg(), arg(), arg(), arg(), arg()
  local key = P .. 'agent:' .. agentId
  if call('HGET', key, 'i:' .. instance) ~= node .. ':' .. epoch then return 'f' end
  call('HDEL', key, 'i:' .. instance)
  call('HDEL', P .. 'live', epoch)
  call('HSET', key, 'seen', time)
  return 'o'
end

function operations.U()
  local hour, agentId = arg(), arg()
  local key = P .. 'usage:' .. hour
  local before = call('HGET', key, agentId)
  local sums = {}
  if before then for value in string.gmatch(before, '%d+') do sums[#sums + 1] = tonumber(value) end end
  for i = 1, 7 do sums[i] = int((sums[i] or 0) + argNumber()) end
  call('HSET', key, agentId, table.concat(sums, ','))
  if not before then
    call('ZADD', P .. 'hours', hour, hour)
    call('PEXPIRE', key, USAGE_KEPT_MS)
  end
  return 'o'
end

function operations.N() return 'o' end

local results = {}
while at < #ARGV do results[#results + 1] = operations[arg()]() end
for _, q in pairs(touched) do saveQueue(q) end
local deads = isBuried and int(call('ZCARD', P .. 'deads')) or ''
local answer = table.concat(results) .. ' ' .. saveWaiting() .. ' ' .. deads
remember(lane, batch, answer)
sendWakes()
return answer
`;
