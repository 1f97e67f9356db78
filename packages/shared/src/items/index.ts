/** Items: what the queues of devices carry, and the calls of messaging (docs/protocols/messaging.md §1, §8). */
export { MESSAGING_CALLS } from './calls.ts';
export type {
  AnswerOf,
  CallFields,
  CallId,
  CallOf,
  MessagingAnswer,
  MessagingCall,
  ServerMessagingPacket,
} from './calls.ts';
export { decodeItem } from './decode-item.ts';
export { encodeItem } from './encode-item.ts';
export type { GroupItem, Item, ItemKind } from './item.ts';
export { messagesTopic } from './messages-topic.ts';
