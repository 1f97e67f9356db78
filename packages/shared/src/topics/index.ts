/** Topics, patterns of topics, queue groups and addresses of events: what is one. No I/O, no permissions. */
export { checkEventAddress, parseEventAddress } from './event-address.ts';
export type { EventAddress } from './event-address.ts';
export { isGroupName, isReservedTopic, isTopic, isTopicPattern, topicMatches } from './topic.ts';
