/** Chat: the interactive chat of the command line, over a model of messaging and a terminal. */
export type {
  ChatConversation,
  ChatEvent,
  ChatMember,
  ChatMessage,
  ChatMessageState,
  ChatModel,
  ChatSafetyNumber,
  ChatTransfer,
  ChatTrust,
} from './chat-model.ts';
export { runChat } from './run-chat.ts';
