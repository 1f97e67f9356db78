/** Messaging: accounts, directory, groups and blobs, without sockets (docs/protocols/messaging.md). */
export { DiskBlobFiles } from './blobs/disk-blob-files.ts';
export { MemoryBlobFiles } from './blobs/memory-blob-files.ts';
export { Messaging } from './messaging.ts';
export type { RegistrationPolicy } from './accounts/registration.ts';
export { NoMessaging } from './messaging-host.ts';
export type { MessagingAttachment, MessagingSink } from './messaging-host.ts';
export { MemoryMessagingStore } from './store/memory-messaging-store.ts';
export { SqliteMessagingStore } from './store/sqlite-messaging-store.ts';
