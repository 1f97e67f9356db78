import { MemoryMessagingStore } from './memory-messaging-store.ts';
import { messagingStoreCompliance } from './messaging-store.compliance.ts';

messagingStoreCompliance('memory', () => new MemoryMessagingStore());
