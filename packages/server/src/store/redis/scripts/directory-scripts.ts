/**
 * The directory of agents that all nodes share: `enrolled` (id → key, how, when), `enrolled:names` for pages in order,
 * `redeemed:TOKEN` until nobody could revive it, `banned`.
 */

/** ARGV: agentId. Answers { key, how and when; or empty, whether banned }. */
export const standingScript = String.raw`#!lua flags=no-writes,allow-oom
local P = KEYS[1]
return { redis.call('HGET', P .. 'enrolled', ARGV[1]) or '', redis.call('SISMEMBER', P .. 'banned', ARGV[1]) }
`;

/**
 * ARGV: agentId, key and how and when, key before or empty, agents max, token or empty, until when it is remembered (ms).
 * Two nodes at once: one of them wins.
 */
export const enrolScript = String.raw`#!lua
local P = KEYS[1]
local call = redis.call
local agentId, value, keyBefore, agentsMax, token, keptUntil = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]
local before = call('HGET', P .. 'enrolled', agentId) or ''
local key = string.match(before, '^(%S*)')
if key ~= keyBefore then return 'taken' end
if token ~= '' and call('EXISTS', P .. 'redeemed:' .. token) == 1 then return 'token-used' end
if before == '' and call('HLEN', P .. 'enrolled') >= agentsMax then return 'full' end
call('HSET', P .. 'enrolled', agentId, value)
call('ZADD', P .. 'enrolled:names', 0, agentId)
if token ~= '' then call('SET', P .. 'redeemed:' .. token, agentId, 'PXAT', keptUntil) end
return 'enrolled'
`;

/** ARGV: agentId. Answers 1, or 0 when nobody has this id. */
export const unenrolScript = String.raw`#!lua flags=allow-oom
local P = KEYS[1]
redis.call('ZREM', P .. 'enrolled:names', ARGV[1])
return redis.call('HDEL', P .. 'enrolled', ARGV[1])
`;

/** ARGV: after or empty, limit. Answers { id, value, whether banned } each. */
export const listEnrolledScript = String.raw`#!lua flags=no-writes,allow-oom
local P = KEYS[1]
local from = ARGV[1] == '' and '-' or '(' .. ARGV[1]
local answer = {}
for _, id in ipairs(redis.call('ZRANGEBYLEX', P .. 'enrolled:names', from, '+', 'LIMIT', 0, ARGV[2])) do
  answer[#answer + 1] = { id, redis.call('HGET', P .. 'enrolled', id) or '', redis.call('SISMEMBER', P .. 'banned', id) }
end
return answer
`;
