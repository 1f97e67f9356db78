/**
 * How a connection ended, as an error with a code and a sentence for its user. Whether it was said inside the encrypted
 * connection decides what it may cause: a refusal in clear is a hint and is never taken as final.
 */
import { ProtocolError, TransportError, type ErrorCode, type SealaneError } from '@sealane/shared/errors';
import type { ClosedEvent } from '@sealane/shared/session';

/** The end of a connection, or of the attempt to make one. */
export interface LinkEnd {
  readonly error: SealaneError;
  /** Both sides agreed that it is over. */
  readonly orderly: boolean;
  /** The server's wish when to come back, from inside the encrypted connection. */
  readonly notBeforeMs: number;
  /** The same in clear, from whoever answered. */
  readonly hintMs: number;
}

/** How far a connection had come. */
export type LinkProgress = 'awaiting-server' | 'awaiting-admission' | 'open';

/** Codes that may be shown from a hint in clear: none of them says that the agent is denied. */
const hintCodes: ReadonlySet<ErrorCode> = new Set([
  'E_UNSUPPORTED_VERSION',
  'E_UNSUPPORTED_SUITE',
  'E_BUSY',
  'E_RATE_LIMITED',
  'E_DRAINING',
  'E_TOO_MANY_CONNECTIONS',
]);

/** Codes that bytes of a foreign protocol give when they are read as frames. */
const foreignCodes: ReadonlySet<ErrorCode | undefined> = new Set<ErrorCode | undefined>(['E_TOO_LARGE', 'E_MALFORMED']);

/** What is known of a connection beside its end. */
export interface LinkContext {
  readonly progress: LinkProgress;
  /** `host:port`, for the message. */
  readonly where: string;
  /** Whether a Sealane server was met there before. */
  readonly isKnown: boolean;
}

export function linkEnd(event: ClosedEvent, context: LinkContext): LinkEnd {
  const { progress } = context;
  const sealed = progress !== 'awaiting-server';
  return {
    error: endError(event, context),
    orderly: event.reason === 'closed',
    notBeforeMs: sealed && event.byPeer ? event.retryAfterMs : 0,
    hintMs: event.reason === 'rejected' ? event.retryAfterMs : 0,
  };
}

/** An end that has nothing to do with the server's wishes. */
export function linkFailure(error: SealaneError): LinkEnd {
  return { error, orderly: false, notBeforeMs: 0, hintMs: 0 };
}

function endError(event: ClosedEvent, context: LinkContext): SealaneError {
  const { progress, where } = context;
  switch (event.reason) {
    case 'closed':
      return new TransportError('E_CLOSED', `${where} closed the connection`);
    case 'truncated':
      return cutError(context);
    case 'rejected':
      return rejectedError(event.code, where);
    case 'failed':
      return event.byPeer ? refusedError(event.code, where) : ownError(event.code, progress, where);
  }
}

/** TLS servers meet our first bytes with silence, as an overloaded or dying Sealane server may: who was met before decides. */
function cutError({ progress, where, isKnown }: LinkContext): SealaneError {
  const silent = `${where} took the connection and closed it without an answer`;
  if (progress === 'awaiting-server' && !isKnown) {
    return new ProtocolError('E_NOT_SEALANE', `${silent}: something else, for example TLS, may listen there`);
  }
  if (progress === 'awaiting-server') return new TransportError('E_TRUNCATED', silent);
  if (progress === 'open') return new TransportError('E_TRUNCATED', `The connection to ${where} was cut`);
  return new TransportError('E_TRUNCATED', `${where} closed the connection before it admitted this agent`);
}

function rejectedError(code: ErrorCode | undefined, where: string): SealaneError {
  if (code !== undefined && hintCodes.has(code))
    return new ProtocolError(code, `${where} does not take the connection: ${code}`);
  return new TransportError('E_REJECTED', `${where} answered in clear that it does not take the connection`);
}

function refusedError(code: ErrorCode | undefined, where: string): SealaneError {
  if (code === undefined)
    return new ProtocolError('E_CLOSED', `${where} ended the connection for a reason this version does not know`);
  return new ProtocolError(code, `${where} ended the connection: ${reasons.get(code) ?? code}`);
}

function ownError(code: ErrorCode | undefined, progress: LinkProgress, where: string): SealaneError {
  if (progress === 'awaiting-server' && foreignCodes.has(code)) {
    return new ProtocolError(
      'E_NOT_SEALANE',
      `${where} answered, but not as a Sealane server: something else listens there`,
    );
  }
  if (code === 'E_HANDSHAKE_TIMEOUT') {
    return new TransportError(code, `${where} took the connection, but did not finish the handshake in time`);
  }
  if (code === 'E_IDLE') return new TransportError(code, `${where} has not answered for too long`);
  return new ProtocolError(code ?? 'E_STATE', `The connection to ${where} failed: ${code ?? 'E_STATE'}`);
}

/** Refusals that every user meets, in words. */
const reasons: ReadonlyMap<ErrorCode, string> = new Map<ErrorCode, string>([
  ['E_REPLACED', 'the same agent connected again elsewhere and replaced this one'],
  ['E_UNKNOWN_AGENT', 'it does not know this agent'],
  ['E_ID_TAKEN', 'another key holds this agent id'],
  ['E_TOKEN_INVALID', 'the enrolment token is not valid'],
  ['E_TOKEN_USED', 'the enrolment token was used before'],
  ['E_TOKEN_EXPIRED', 'the enrolment token has expired'],
  ['E_BANNED', 'this agent is banned'],
  ['E_DRAINING', 'it is shutting down'],
]);
