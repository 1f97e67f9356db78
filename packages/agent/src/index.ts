/** The library of the Sealane agent: `connect` and what it gives. */
export { version } from '@sealane/node/cli';
export { Agent, connect } from './agent/index.ts';
export type {
  AgentEvents,
  AgentState,
  ClosedState,
  ConnectOptions,
  ConnectedState,
  ConnectingState,
  OpenStreamOptions,
  ReconnectingState,
  SendOptions,
} from './agent/index.ts';
export { DeliveredEvent, RetryLater } from './delivery/index.ts';
export type {
  AgentPresence,
  EventHandler,
  NackOptions,
  OutboxLimits,
  PresenceListener,
  PresenceWatch,
  PublishOptions,
  QueuedReceipt,
  Receipt,
  RefusedEvent,
  SkippedEvents,
  SubscribeOptions,
  Subscription,
  SubscriptionState,
} from './delivery/index.ts';
export { MessagingClient, directConversation, groupConversation, openMessaging } from './messaging/index.ts';
export type {
  AccountView,
  Accounts,
  Archive,
  ArchiveSummary,
  CallSignal,
  Calls,
  CheckedAccount,
  Conversation,
  DeviceView,
  Devices,
  FileDescription,
  GroupSummary,
  MemberView,
  Message,
  MessageState,
  MessagingAgent,
  MessagingEvent,
  MessagingEvents,
  OpenMessagingOptions,
  OutgoingMessage,
  ReceiptPolicy,
  RegisterOptions,
  SafetyNumber,
  TransferOptions,
  UserPage,
  UserPresence,
  Users,
  Visibility,
} from './messaging/index.ts';
export { CallRefusedError } from './link/index.ts';
export type { CallOptions } from './link/index.ts';
export type { ReconnectPolicy } from './reconnect/index.ts';
export { ConfigError, ProtocolError, SealaneError, StorageError, TransportError } from '@sealane/shared/errors';
export type { ErrorCode } from '@sealane/shared/errors';
export { ReceivedContent } from '@sealane/shared/channel';
export type {
  ChannelStream,
  Content,
  IncomingRequest,
  NotificationHandler,
  RequestContext,
  RequestHandler,
  RequestOptions,
  StreamHandler,
} from '@sealane/shared/channel';
