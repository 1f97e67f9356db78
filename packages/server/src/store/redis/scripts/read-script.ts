/**
 * Read: entries of a queue above a sequence, or single ones again. The reader becomes the queue's owner (a group has many)
 * and is woken from now on. In a group it gets, lowest first, what nobody holds, and its node holds it; a claim counts while
 * its node lives (M7).
 *
 * ARGV: queueId, node, epoch, number of this read, then
 *   of `read`:       after, limit, bytes max
 *   of `read again`: `again`, sequences…
 *
 * Answers `fenced`, or `lapsed` where the lease of the node ran out (what it would claim would be nobody's), or
 * { runs, skips, failures, repeated }: a run is { first sequence, base, h, b, bodies of shared entries… }, a skip
 * is `from:to:reason`, failures are { sequence, count, … }, and agents elsewhere may have seen `repeated` sequences.
 */
import { queueLibrary } from './queue-library.ts';

export const readScript = String.raw`#!lua flags=allow-oom
${queueLibrary}
local CHUNKS_AT_ONCE = 4
local FAILURES_KEPT = 4096
local node, epoch, isAgain = ARGV[2], tonumber(ARGV[3]), ARGV[5] == 'again'

local q = findQueue(ARGV[1])
if not q or not isLive(node, ARGV[3]) then return 'fenced' end
local queueId = q.id
local isGroup = q.kind == 'group'
if isGroup then
  if not isAlive(node) then return 'lapsed' end
  if not string.find(',' .. q.nodes .. ',', ',' .. node .. ',', 1, true) then
    local nodes = { node }
    eachNode(q, function(each) if isAlive(each) then nodes[#nodes + 1] = each end end)
    call('HSET', P .. 'q:' .. queueId, 'nodes', table.concat(nodes, ','))
  end
elseif q.own > epoch and q.nodes ~= node then
  return 'fenced'
elseif q.own < epoch or q.nodes ~= node then
  call('HSET', P .. 'q:' .. queueId, 'own', ARGV[3], 'nodes', node)
end

local claimKinds = {}
-- Of a claim: whether it is to be let alone, whether it is of this node, whether an agent may have seen the entry.
local function kindOf(claim)
  local known = claimKinds[claim]
  if known then return known end
  local holder, _, mark = ownerOf(claim)
  local kind = { isMine = holder == node, isSeen = mark ~= '' or holder ~= node }
  if kind.isMine then kind.isHeld = not isAgain else kind.isHeld = holder ~= nil and isAlive(holder) end
  claimKinds[claim] = kind
  return kind
end
local UNCLAIMED = { isHeld = false, isMine = false, isSeen = false }
local function lookAt(claim) return claim and kindOf(claim) or UNCLAIMED end

local runs, claimed, repeated = {}, {}, {}
local run
local function closeRun()
  if not run then return end
  local answer = { int(run.first), run.base, table.concat(run.heads), table.concat(run.payloads) }
  for _, body in ipairs(run.bodies) do answer[#answer + 1] = body end
  runs[#runs + 1] = answer
  run = nil
end

local function take(chunk, sequence, offset, payloadBytes, index, flags, claim)
  if not run or run.chunk ~= chunk or run.last ~= sequence - 1 then
    closeRun()
    run = { chunk = chunk, first = sequence, base = chunk.base, heads = {}, payloads = {}, bodies = {} }
  end
  run.last = sequence
  local start = (sequence - chunk.first) * RECORD
  run.heads[#run.heads + 1] = string.sub(chunk.h, start + 1, start + RECORD)
  run.payloads[#run.payloads + 1] = string.sub(chunk.b, offset + 1, offset + payloadBytes)
  if flags == SHARED then
    run.bodies[#run.bodies + 1] = call('HGET', P .. 'body:' .. int(tonumber(chunk.base) + index), 'b') or ''
  end
  if isGroup and not claim.isMine then
    claimed[#claimed + 1] = int(sequence)
    claimed[#claimed + 1] = node .. '/' .. ARGV[4] .. (claim.isSeen and '+' or '')
    if claim.isSeen then repeated[#repeated + 1] = sequence end
  end
end

local function answer(skips)
  closeRun()
  if #runs > 0 and not isGroup then call('SADD', P .. 't:' .. queueId, node .. ':' .. ARGV[3]) end
  for i = 1, #claimed, 1000 do
    call('HSET', P .. 'c:' .. queueId, unpack(claimed, i, math.min(i + 999, #claimed)))
  end
  local failures = call('HLEN', P .. 'f:' .. queueId) <= FAILURES_KEPT and call('HGETALL', P .. 'f:' .. queueId) or {}
  return { runs, skips, failures, repeated }
end

if isAgain then
  for i = 6, #ARGV do
    local sequence = tonumber(ARGV[i])
    local chunk = not isSettled(q, sequence) and chunkOf(q, sequence)
    local claim = lookAt(chunk and isGroup and call('HGET', P .. 'c:' .. queueId, ARGV[i]))
    if chunk and not claim.isHeld then
      local payloadBytes, _, index, flags = recordOf(chunk, sequence)
      take(chunk, sequence, payloadOffset(chunk, sequence), payloadBytes, index, flags, claim)
    end
  end
  return answer({})
end

local after, limit, bytesMax = math.max(tonumber(ARGV[5]), q.settled), tonumber(ARGV[6]), tonumber(ARGV[7])
local done = call('ZRANGEBYSCORE', P .. 'd:' .. queueId, '-inf', '+inf')
local gone = {}
local doneAt = 1
for i, member in ipairs(done) do
  local from, to = string.match(member, '^(%d+):(%d+)$')
  gone[i] = { tonumber(from), tonumber(to) }
end
local function isDone(sequence)
  while gone[doneAt] and gone[doneAt][2] < sequence do doneAt = doneAt + 1 end
  return gone[doneAt] and gone[doneAt][1] <= sequence
end

local taken, bytes, position, isFull = 0, 0, after, false
local skipAt = 1
local skips = {}
local skipRanges = call('ZRANGEBYSCORE', P .. 'k:' .. queueId, '-inf', '+inf', 'LIMIT', 0, limit + 1)
local ranges = {}
for _, member in ipairs(skipRanges) do
  local from, to, reason = string.match(member, '^(%d+):(%d+):(%a)$')
  from = math.max(tonumber(from), after + 1)
  to = tonumber(to)
  if to > after then ranges[#ranges + 1] = { from, to, reason } end
end
-- Skips below a sequence come first. An entry under a skip was dropped and is not to be read.
local function passSkips(sequence)
  while ranges[skipAt] and ranges[skipAt][1] <= sequence do
    local range = ranges[skipAt]
    if range[2] >= sequence and range.isTaken then return true end
    if not range.isTaken then
      if taken >= limit then isFull = true return true end
      range.isTaken = true
      taken = taken + 1
      skips[#skips + 1] = int(range[1]) .. ':' .. int(range[2]) .. ':' .. range[3]
    end
    if range[2] >= sequence then return true end
    skipAt = skipAt + 1
  end
  return false
end

-- In a group what nobody holds is handed out wherever it stands.
local eventsAfter = isGroup and q.settled or after
local from = int(eventsAfter + 1)
while not isFull do
  local found = call('XRANGE', P .. 'e:' .. queueId, from, '+', 'COUNT', CHUNKS_AT_ONCE)
  for _, entry in ipairs(found) do
    local chunk = parseChunk(entry)
    local claims = isGroup and {} or nil
    if isGroup then
      local fields = {}
      for sequence = chunk.first, chunk.last do fields[#fields + 1] = int(sequence) end
      claims = call('HMGET', P .. 'c:' .. queueId, unpack(fields))
    end
    local offset = 0
    for sequence = chunk.first, chunk.last do
      local payloadBytes, bodyBytes, index, flags = recordOf(chunk, sequence)
      local claim = lookAt(claims and claims[sequence - chunk.first + 1])
      if sequence > eventsAfter and not passSkips(sequence) and not isDone(sequence) and not claim.isHeld then
        if taken >= limit or (taken > 0 and bytes + bodyBytes > bytesMax) then isFull = true break end
        take(chunk, sequence, offset, payloadBytes, index, flags, claim)
        taken = taken + 1
        bytes = bytes + bodyBytes
      end
      offset = offset + payloadBytes
      if isFull then break end
    end
    if isFull then break end
    from = int(chunk.last + 1)
  end
  if #found < CHUNKS_AT_ONCE then break end
end
if not isFull then passSkips(q.next) end
return answer(skips)
`;
