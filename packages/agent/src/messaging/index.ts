/** Messaging: accounts, devices, conversations and files, end-to-end encrypted; a library over an `Agent`. */
export type { AccountView, Accounts, RegisterOptions } from './accounts.ts';
export { checkedUsername } from './accounts.ts';
export type { Archive, ArchiveSummary } from './archive.ts';
export type { TransferOptions } from './blobs.ts';
export type { DeviceView, Devices } from './devices.ts';
export { directConversation, groupConversation } from './ids.ts';
export type { Conversation, FileDescription, Message } from './message.ts';
export { MessagingClient } from './messaging-client.ts';
export type { OutgoingMessage } from './messaging-client.ts';
export type { GroupSummary, MemberView, MessagingEvents, SafetyNumber } from './messaging-reader.ts';
export type { MessagingEvent } from './messaging-event.ts';
export { openMessaging } from './open-messaging.ts';
export type { MessagingAgent, OpenMessagingOptions } from './open-messaging.ts';
export type { ReceiptPolicy } from './receipts.ts';
export { setAsideError } from './set-aside.ts';
export type { MessageState } from './tables.ts';
export { VISIBILITIES } from './users.ts';
export type { UserPresence, Visibility } from './users.ts';
