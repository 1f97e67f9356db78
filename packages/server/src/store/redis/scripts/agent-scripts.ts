/** Agents: who serves them, what is known of them, ending their sessions, and forgetting them. */
import { tellNode } from './tell-node.ts';

/** ARGV: agentId, instance, node. Answers the epoch. A node that served it before is told, with the epoch that is over. */
export const claimAgentScript = String.raw`#!lua flags=allow-oom
${tellNode}
local agentId, instance, node = ARGV[1], ARGV[2], ARGV[3]
local key = P .. 'agent:' .. agentId
local epoch = string.format('%.0f', call('INCR', P .. 'epoch'))
local before = call('HGET', key, 'i:' .. instance)
call('HSET', key, 'i:' .. instance, node .. ':' .. epoch)
call('HSET', P .. 'live', epoch, node)
if before then
  local holder, since = string.match(before, '^(.*):(%d+)$')
  call('HDEL', P .. 'live', since)
  if holder ~= node then tellNode(holder, 'a' .. agentId .. ' ' .. instance .. ' ' .. since) end
end
return epoch
`;

/** ARGV: agentId. Answers { last seen or empty, instance, node, … } of instances whose nodes live. */
export const agentRecordScript = String.raw`#!lua flags=no-writes,allow-oom
local P = KEYS[1]
local answer = { '' }
local found = redis.call('HGETALL', P .. 'agent:' .. ARGV[1])
for i = 1, #found, 2 do
  local instance = string.match(found[i], '^i:(.*)$')
  local node = instance and string.match(found[i + 1], '^(.*):%d+$')
  if found[i] == 'seen' then answer[1] = found[i + 1] end
  if node and redis.call('EXISTS', P .. 'lease:' .. node) == 1 then
    answer[#answer + 1] = instance
    answer[#answer + 1] = node
  end
end
return answer
`;

/**
 * ARGV: agentId, instance or empty for all, code or empty, node that asks. Tells the other nodes to end the sessions of the
 * agent, each named by its epoch: one that began later is not meant. Answers how many nodes that live were told.
 */
export const endSessionsScript = String.raw`#!lua flags=allow-oom
${tellNode}
local agentId, instance, code, own = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local found = call('HGETALL', P .. 'agent:' .. agentId)
local count = 0
for i = 1, #found, 2 do
  local name = string.match(found[i], '^i:(.*)$')
  local holder, epoch = string.match(found[i + 1], '^(.*):(%d+)$')
  if name and holder and holder ~= own and (instance == '' or instance == name) then
    tellNode(holder, 'd' .. agentId .. ' ' .. name .. ' ' .. epoch .. ' ' .. code)
    count = count + call('EXISTS', P .. 'lease:' .. holder)
  end
end
return count
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
