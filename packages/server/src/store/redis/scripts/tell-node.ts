/** How a script tells a node something: by pub/sub, and in a set that the node polls for what got lost. */

/** Begins a script; nodes that are not remembered any more are told nothing. */
export const tellNode = String.raw`
local P = KEYS[1]
local call = redis.call
local function tellNode(node, text)
  if call('HEXISTS', P .. 'nodes', node) == 0 then return end
  call('SADD', P .. 'dirty:' .. node, text)
  call('PUBLISH', P .. 'wake:' .. node, text)
end
`;
