/** Messaging: accounts, directory, groups and blobs, without sockets (docs/protocols/messaging.md). */
export { NoMessaging } from './messaging-host.ts';
export type { MessagingAttachment, MessagingHost, MessagingSink } from './messaging-host.ts';
