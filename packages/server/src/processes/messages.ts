/** What the primary and its processes tell each other over Node's channel between a process and its child. */
import type { ErrorCode } from '@sealane/shared/errors';
import type { ProcessAnswers, ProcessQuestion } from '../admin/index.ts';
import type { AuditFields } from '../audit/index.ts';

/** Set in the environment of a process that a primary started: its number, from 1 on. No setting of users. */
export const NUMBER_VARIABLE = 'INTERNAL_SEALANE_PROCESS';

/** What a process is started with. */
export interface MemberStart {
  readonly host: string;
  readonly port: number;
  /** Of the admin port, which the primary has; null where there is none. */
  readonly adminToken: string | null;
}

/** From the primary; a connection comes with the socket itself. */
export type ToMember =
  | ({ readonly type: 'start' } & MemberStart)
  | { readonly type: 'connection' }
  /** For its admin port: to be answered under the same id. */
  | { readonly type: 'question'; readonly id: number; readonly question: ProcessQuestion }
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
  | { readonly type: 'ready'; readonly fingerprint: string }
  | { readonly type: 'failed'; readonly failure: StartFailure }
  /** Connections that it took, and connections that ended, since it told last. */
  | { readonly type: 'counts'; readonly taken: number; readonly ended: number }
  /** Without an answer it could not give one. */
  | { readonly type: 'answer'; readonly id: number; readonly answer?: ProcessAnswers[keyof ProcessAnswers] }
  /** For the audit log, which the primary keeps. */
  | { readonly type: 'audit'; readonly action: string; readonly fields: AuditFields }
  /** It drains and takes no more connections. */
  | { readonly type: 'leaving' };
