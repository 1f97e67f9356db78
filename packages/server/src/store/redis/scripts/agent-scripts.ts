/** Agents: who serves them, what is known of them, and forgetting them. */

/** ARGV: agentId, instance, node. Answers the epoch. A node that served it before is told. */
export const claimAgentScript = String.raw`#!lua flags=allow-oom
local P = KEYS[1]
local call = redis.call
local agentId, instance, node = ARGV[1], ARGV[2], ARGV[3]
local key = P .. 'agent:' .. agentId
local epoch = string.format('%.0f', call('INCR', P .. 'epoch'))
local before = call('HGET', key, 'i:' .. instance)
call('HSET', key, 'i:' .. instance, node .. ':' .. epoch)
call('HSET', P .. 'live', epoch, node)
if before then
  local holder, since = string.match(before, '^(.*):(%d+)$')
  call('HDEL', P .. 'live', since)
  if holder ~= node then
    local told = 'a' .. agentId .. ' ' .. instance
    if call('EXISTS', P .. 'lease:' .. holder) == 1 then call('SADD', P .. 'dirty:' .. holder, told) end
    call('PUBLISH', P .. 'wake:' .. holder, told)
  end
end
return epoch
`;

/** ARGV: agentId. Answers { last seen or empty, node of main or empty }. */
export const agentRecordScript = String.raw`#!lua flags=no-writes,allow-oom
local P = KEYS[1]
local v = redis.call('HMGET', P .. 'agent:' .. ARGV[1], 'seen', 'i:main')
local node = v[2] and string.match(v[2], '^(.*):%d+$') or ''
if node ~= '' and redis.call('EXISTS', P .. 'lease:' .. node) == 0 then node = '' end
return { v[1] or '', node }
`;

/** ARGV: agentId. Outboxes, leases, usage and last seen of an agent; its queues are deleted one by one before. */
export const forgetAgentScript = String.raw`#!lua flags=allow-oom
local P = KEYS[1]
local call = redis.call
local agentId = ARGV[1]
for _, producerId in ipairs(call('ZRANGE', P .. 'ps:' .. agentId, 0, -1)) do
  local name = agentId .. ':' .. producerId
  call('DEL', P .. 'p:' .. name, P .. 'r:' .. name, P .. 'g:' .. name)
end
local key = P .. 'agent:' .. agentId
for _, value in ipairs(call('HVALS', key)) do
  local epoch = string.match(value, ':(%d+)$')
  if epoch then call('HDEL', P .. 'live', epoch) end
end
call('DEL', key, P .. 'ps:' .. agentId, P .. 'aq:' .. agentId)
for _, hour in ipairs(call('ZRANGE', P .. 'hours', 0, -1)) do call('HDEL', P .. 'usage:' .. hour, agentId) end
return 1
`;
