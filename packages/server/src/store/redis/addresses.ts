/** Beginnings of addresses. */
export const AGENT_PREFIX = 'agent:';
export const TOPIC_PREFIX = 'topic:';
