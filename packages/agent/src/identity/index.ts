/** Identity: the agent's static key, from its data directory or for this process only, and the id it has by default. */
export { ephemeralIdentity, openAgentIdentity } from './agent-identity.ts';
export type { AgentIdentity } from './agent-identity.ts';
