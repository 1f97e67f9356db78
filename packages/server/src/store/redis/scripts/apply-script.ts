/**
 * Apply: one batch of writes that nobody waits for: settlements, begins and ends of deliveries, leases given up, usage.
 * Acknowledging works while the memory of Redis is full: it makes room.
 *
 * Asked again with the same batch number it answers the same and does nothing.
 *
 * ARGV: node, lane, batch, store, then operations, each a letter and its arguments:
 *   S  queueId, node, epoch, n, settlements: a from to | k to | t sequence | f sequence reason at | x sequence reason at |
 *      o sequence reason
 *   B  queueId, node, epoch                                     deliveries begin
 *   R  queueId, node, epoch, deliveredTo, held (joined by ,)     the reader is gone
 *   G  agentId, instance, node, epoch, at                       the agent is gone from here
 *   U  hour, agentId, seven counts                              usage
 *   N                                                           nothing: it ends when all before it are done
 *
 * Answers one letter an operation, o for done and f for fenced, then the sums of waiting entries and of dead letters where
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

-- What a reader holds whose lease is over may be ended by whoever goes on for it: the members of a group on one node
-- share a reader, which asks in the name of one of them.
local function isOthers(claim, token)
  local owner = claim and ownerOf(claim)
  if not claim or owner == token then return false end
  local holder, since = string.match(owner, '^(.*):(%d+)$')
  return isLive(holder, since)
end

local function mayEnd(q, sequence, token)
  if isSettled(q, sequence) then return nil end
  if q.kind == 'group' then
    if isOthers(call('HGET', P .. 'c:' .. q.id, int(sequence)), token) then return nil end
  end
  return chunkOf(q, sequence)
end

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

local function settle(q, token)
  local kind = arg()
  if kind == 'a' then
    local from, to = argNumber(), argNumber()
    local first
    for sequence = from, to do
      local chunk = mayEnd(q, sequence, token)
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
    if mayEnd(q, sequence, token) then addFailure(q, sequence, reason, time) end
  elseif kind == 'x' then
    local sequence, reason, time = argNumber(), arg(), arg()
    local chunk = mayEnd(q, sequence, token)
    if chunk then
      bury(q, chunk, sequence, reason, time)
      freeEntry(q, chunk, sequence)
      addSkip(q, sequence, sequence, 'd')
    end
  else
    local sequence, reason = argNumber(), arg()
    local chunk = mayEnd(q, sequence, token)
    if chunk then
      freeEntry(q, chunk, sequence)
      addSkip(q, sequence, sequence, reason)
    end
  end
end

local function skipArguments(kind)
  local counts = { a = 2, k = 1, t = 1, f = 3, x = 3, o = 2 }
  at = at + counts[kind]
end

local operations = {}

function operations.S()
  local id, node, epoch, count = arg(), arg(), arg(), argNumber()
  local q = findQueue(id)
  local isFenced = not isLive(node, epoch) or (q and q.kind ~= 'group' and q.own > tonumber(epoch))
  if isFenced or not q then
    for _ = 1, count do skipArguments(arg()) end
    return isFenced and 'f' or 'o'
  end
  for _ = 1, count do settle(q, node .. ':' .. epoch) end
  advance(q)
  touched[q.id] = q
  return 'o'
end

function operations.B()
  local id, node, epoch = arg(), arg(), arg()
  local q = findQueue(id)
  if not q or not isLive(node, epoch) then return 'f' end
  call('SADD', P .. 't:' .. q.id, node .. ':' .. epoch)
  return 'o'
end

local function readersGone(q)
  local key = P .. 't:' .. q.id
  for _, reader in ipairs(call('SMEMBERS', key)) do
    local holder, since = string.match(reader, '^(.*):(%d+)$')
    if isLive(holder, since) and q.kind == 'group' then return false end
    call('SREM', key, reader)
  end
  return true
end

function operations.R()
  local id, node, epoch, deliveredTo, held = arg(), arg(), arg(), argNumber(), arg()
  local q = findQueue(id)
  if not q then return 'o' end
  id = q.id
  local token = node .. ':' .. epoch
  call('SREM', P .. 't:' .. id, token)
  local isOwner = q.kind == 'group' or q.own == tonumber(epoch)
  if isOwner then
    local before = tonumber(call('HGET', P .. 'q:' .. id, 'delivered') or 0)
    if deliveredTo > before then call('HSET', P .. 'q:' .. id, 'delivered', int(deliveredTo)) end
  end
  if q.kind ~= 'group' then
    if isOwner then call('HSET', P .. 'q:' .. id, 'nodes', '') end
    return 'o'
  end
  local freed = false
  for sequence in string.gmatch(held, '%d+') do
    local claim = call('HGET', P .. 'c:' .. id, sequence)
    if claim and ownerOf(claim) == token then
      call('HDEL', P .. 'c:' .. id, sequence)
      freed = true
    end
  end
  readersGone(q)
  if freed then wake(q, self) end
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
