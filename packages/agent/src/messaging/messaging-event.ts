/** What messaging tells its program. */
import type { SealaneError } from '@sealane/shared/errors';
import type { CallSignal } from './call-signal.ts';
import type { Message } from './message.ts';

/** One event of messaging, told apart by `type`. */
export type MessagingEvent =
  /** A message came, or an own one of another device. */
  | { readonly type: 'message'; readonly message: Message }
  /** State, text, reactions or life of a message changed. */
  | { readonly type: 'message-changed'; readonly message: Message }
  /** A message is gone: its time was over. */
  | { readonly type: 'message-gone'; readonly id: string; readonly conversation: string }
  | { readonly type: 'typing'; readonly conversation: string; readonly username: string; readonly isTyping: boolean }
  /** A step of a call, by somebody else or by another device of this account. @param at unix time in ms, of the server. */
  | {
      readonly type: 'call';
      readonly conversation: string;
      readonly from: { readonly user: string; readonly device: string };
      readonly isOwn: boolean;
      readonly at: number;
      readonly signal: CallSignal;
    }
  | { readonly type: 'conversation-changed'; readonly conversation: string }
  /** The account of somebody has another identity, other devices, or another name; or this user trusts it otherwise. */
  | {
      readonly type: 'contact-changed';
      readonly username: string;
      readonly change: 'identity' | 'devices' | 'profile' | 'trust';
    }
  /** The own account was changed by a device that is not this one. */
  | { readonly type: 'account-changed'; readonly statements: number }
  /** The group cannot go on by itself. */
  | {
      readonly type: 'group-state';
      readonly group: string;
      readonly state: 'healing' | 'healed' | 'asking' | 'removed';
    }
  /** Rows of the database could not be read and are kept elsewhere: the rest goes on without them. */
  | { readonly type: 'set-aside'; readonly table: string; readonly rows: number }
  /** Nothing that waited is left. */
  | { readonly type: 'caught-up' }
  /** Something went wrong that nobody waits for. */
  | { readonly type: 'trouble'; readonly error: SealaneError };
