/**
 * ChatModel: what the interactive chat needs of messaging, and nothing else. It is an interface because there are two of it:
 * the messaging client of this agent, and one in memory that the tests of the chat talk to. Text of peers is raw here: whoever
 * shows it escapes it.
 */

/** How far a message is: own ones up to `failed`, those of others from `decrypted` on. */
export type ChatMessageState =
  | 'sending'
  | 'sent'
  | 'delivered'
  | 'read'
  | 'failed'
  | 'decrypted'
  | 'waiting'
  | 'healing'
  | 'lost';

/** A message of a conversation. */
export interface ChatMessage {
  readonly id: string;
  readonly conversation: string;
  /** Position on this device: the order in which messages are shown. */
  readonly order: number;
  readonly from: { readonly user: string; readonly device: string };
  readonly isOwn: boolean;
  readonly kind: 'text' | 'reply' | 'file' | 'call' | 'event' | 'unknown';
  /** What was written; of a file its name. */
  readonly body: string;
  readonly state: ChatMessageState;
  /** Why it is waiting, lost or failed; else empty. */
  readonly reason: string;
  readonly replyTo: string | null;
  readonly file: { readonly name: string; readonly sizeBytes: number } | undefined;
  /** Unix time in ms. */
  readonly at: number;
  readonly isRead: boolean;
  readonly editedAt: number | undefined;
  readonly isDeleted: boolean;
  readonly expiresAt: number | undefined;
  /** Username → emoji. */
  readonly reactions: Readonly<Record<string, string>>;
}

/** Everything with one account, or one group. */
export interface ChatConversation {
  readonly id: string;
  readonly kind: 'direct' | 'group';
  /** The other account of a direct chat. */
  readonly username: string | undefined;
  readonly name: string;
  readonly unread: number;
  readonly lastAt: number;
  readonly lastText: string;
  /** What was being written when it was left. */
  readonly draft: string;
  /** Life of messages that are sent here; 0 for ever. */
  readonly expiresAfterSeconds: number;
}

/** Whether an identity was compared; `changed` is another one than was accepted before. */
export type ChatTrust = 'unverified' | 'verified' | 'changed';

export interface ChatDevice {
  readonly id: string;
  /** As its owner calls it; may be empty. */
  readonly name: string;
  readonly state: 'listed' | 'expired' | 'revoked';
}

export interface ChatMember {
  readonly username: string;
  readonly isOwn: boolean;
  readonly trust: ChatTrust;
  readonly devices: readonly ChatDevice[];
}

export interface ChatSafetyNumber {
  /** 60 digits. */
  readonly digits: string;
  readonly trust: ChatTrust;
}

/** What happens without having been asked for. */
export type ChatEvent =
  /** A message came, or an own one of another device. */
  | { readonly type: 'message'; readonly message: ChatMessage }
  /** State, text, reactions or life of a message changed. */
  | { readonly type: 'message-changed'; readonly message: ChatMessage }
  | { readonly type: 'message-gone'; readonly id: string; readonly conversation: string }
  | { readonly type: 'typing'; readonly conversation: string; readonly username: string; readonly isTyping: boolean }
  | { readonly type: 'conversation-changed'; readonly conversation: string }
  | { readonly type: 'contact-changed'; readonly username: string; readonly change: 'identity' | 'devices' | 'profile' }
  | { readonly type: 'account-changed'; readonly statements: number }
  | {
      readonly type: 'group-state';
      readonly group: string;
      readonly state: 'healing' | 'healed' | 'asking' | 'removed';
    }
  /** The connection came or went; `detail` says why, and of one that came what has to be known. */
  | { readonly type: 'connection'; readonly isConnected: boolean; readonly detail?: string }
  | { readonly type: 'trouble'; readonly error: Error };

/** A file under way. */
export interface ChatTransfer {
  readonly signal: AbortSignal;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
}

/** Calls reject with a `SealaneError`; what they write is on this device before they resolve, with or without a connection. */
export interface ChatModel {
  /** The own username. */
  readonly user: string;
  readonly isConnected: boolean;
  /** The latest first. */
  conversations(): Promise<readonly ChatConversation[]>;
  /**
   * The conversation with a user or a group; one with a user who has an account is made where there is none.
   *
   * @param name a username, a group's name, or an id of `conversations`.
   */
  open(name: string): Promise<ChatConversation>;
  /** Oldest first. @param range `before` gives only those before this position. */
  messages(
    conversation: string,
    range: { readonly limit: number; readonly before?: number },
  ): Promise<readonly ChatMessage[]>;
  message(id: string): Promise<ChatMessage | undefined>;
  /** Messages that have all the words, oldest first; of more than `limit` the latest. */
  search(conversation: string, words: string, limit: number): Promise<readonly ChatMessage[]>;
  /** @returns the message as it is shown from now on, `sending`; its event comes too. */
  send(conversation: string, message: { readonly text: string; readonly replyTo?: string }): Promise<ChatMessage>;
  edit(id: string, text: string): Promise<void>;
  delete(id: string): Promise<void>;
  /** @param emoji empty takes the reaction back. */
  react(id: string, emoji: string): Promise<void>;
  sendFile(conversation: string, path: string, transfer: ChatTransfer): Promise<ChatMessage>;
  /** @throws StorageError when the file is there already. */
  saveFile(id: string, path: string, transfer: ChatTransfer): Promise<void>;
  /** Sends a failed message again. */
  retry(id: string): Promise<void>;
  /** @param upTo position of the last message that was shown. */
  markRead(conversation: string, upTo: number): Promise<void>;
  setTyping(conversation: string, isTyping: boolean): void;
  setDraft(conversation: string, text: string): Promise<void>;
  /** @param seconds 0 for ever. */
  setExpiry(conversation: string, seconds: number): Promise<void>;
  members(conversation: string): Promise<readonly ChatMember[]>;
  safetyNumber(username: string): Promise<ChatSafetyNumber>;
  /** The numbers were compared: this identity is accepted and verified. */
  confirmSafetyNumber(username: string): Promise<void>;
  /** A changed identity is accepted without comparing: unverified from then on. */
  acceptIdentity(username: string): Promise<void>;
  /** Joins a group again that could not be repaired without being asked. */
  rejoin(conversation: string): Promise<void>;
  /** @returns what ends the listening. */
  listen(listener: (event: ChatEvent) => void): () => void;
}
