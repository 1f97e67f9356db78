/** What the primary and its processes tell each other over Node's channel between a process and its child. */
import type { ErrorCode } from '@sealane/shared/errors';

/** Set in the environment of a process that a primary started: its number, from 1 on. No setting of users. */
export const NUMBER_VARIABLE = 'INTERNAL_SEALANE_PROCESS';

/** From the primary; a connection comes with the socket itself. */
export type ToMember =
  | { readonly type: 'start'; readonly host: string; readonly port: number }
  | { readonly type: 'connection' }
  | { readonly type: 'reload' }
  | { readonly type: 'drain' };

/** Why a process could not start, as the primary tells it. */
export interface StartFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly why?: string | undefined;
  readonly next?: string | undefined;
}

/** From a process. */
export type FromMember =
  | { readonly type: 'ready'; readonly fingerprint: string; readonly adminPort: number | null }
  | { readonly type: 'failed'; readonly failure: StartFailure }
  /** Connections that it took, and connections that ended, since it told last. */
  | { readonly type: 'counts'; readonly taken: number; readonly ended: number }
  /** It drains and takes no more connections. */
  | { readonly type: 'leaving' };
