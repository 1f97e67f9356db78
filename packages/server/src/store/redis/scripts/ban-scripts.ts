/** Bans of all nodes: `bans` holds each as JSON by kind and name, `banned` the agents among them, for admission. */
import { tellNode } from './tell-node.ts';

/** Every node learns from it that bans have changed. */
export const BANS_CHANGED = 'b';

const tellAll = String.raw`
local function tellAll()
  for _, node in ipairs(call('HKEYS', P .. 'nodes')) do tellNode(node, '${BANS_CHANGED}') end
end
`;

/** ARGV: kind, name, ban. */
export const writeBanScript = String.raw`#!lua
${tellNode}${tellAll}
call('HSET', P .. 'bans', ARGV[1] .. ' ' .. ARGV[2], ARGV[3])
if ARGV[1] == 'agent' then call('SADD', P .. 'banned', ARGV[2]) end
tellAll()
return 1
`;

/** ARGV: kind, name, the ban that is meant or empty for any. Answers 1, or 0 when there was none. */
export const removeBanScript = String.raw`#!lua flags=allow-oom
${tellNode}${tellAll}
local field = ARGV[1] .. ' ' .. ARGV[2]
if ARGV[3] ~= '' and call('HGET', P .. 'bans', field) ~= ARGV[3] then return 0 end
local count = call('HDEL', P .. 'bans', field)
if ARGV[1] == 'agent' then count = math.max(count, call('SREM', P .. 'banned', ARGV[2])) end
if count > 0 then tellAll() end
return count
`;
