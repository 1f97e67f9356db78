/** A request that came from the peer, and what its handler may do while it works on it. */
import { ProtocolError, type ErrorCode } from '../errors/index.ts';
import type { Request } from '../packets/index.ts';
import { RESPONSE_STATUS } from '../session/index.ts';
import { ReceivedContent, type Content } from './content.ts';

/** What was asked. */
export class IncomingRequest extends ReceivedContent {
  readonly name: string;
  /** `agent:ID` that asks through the server; null when the peer itself asks. */
  readonly from: string | null;
  /** `agent:ID` that is asked through the server; null when it is this side. */
  readonly to: string | null;
  readonly timeoutMs: number;

  constructor(request: Request) {
    super(request.body, request.contentType);
    this.name = request.name;
    this.from = request.from;
    this.to = request.to;
    this.timeoutMs = request.timeoutMs;
  }
}

/** Sends one response; made by the channel. */
export type Respond = (
  requestId: number,
  status: number,
  last: boolean,
  content: Content | undefined,
  code?: ErrorCode,
) => boolean;

/** What a handler may do beside returning its reply. */
export class RequestContext<Peer = unknown> {
  readonly requestId: number;
  /** Who is at the other end, as the owner of the channel knows it. */
  readonly peer: Peer;
  readonly #respond: Respond;
  #abort: AbortController | undefined;
  #endedWith: 'E_CANCELLED' | 'E_TIMEOUT' | 'E_CLOSED' | undefined;

  constructor(requestId: number, peer: Peer, respond: Respond) {
    this.requestId = requestId;
    this.peer = peer;
    this.#respond = respond;
  }

  /** Aborted when the peer gives the request up, its time is over, or the connection ends. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#endedWith !== undefined) this.#abort.abort(new ProtocolError(this.#endedWith));
    return this.#abort.signal;
  }

  /** Sends a part of the reply, or a progress report, before the last one. @returns false when nobody waits any more. */
  progress(content: Content): boolean {
    return this.#respond(this.requestId, RESPONSE_STATUS.progress, false, content);
  }

  /** No answer is wanted any more. */
  end(code: 'E_CANCELLED' | 'E_TIMEOUT' | 'E_CLOSED'): void {
    this.#endedWith = code;
    this.#abort?.abort(new ProtocolError(code));
  }
}

/** Answers requests of one name: what it returns is the reply; a `ProtocolError` it throws travels as its code. */
export type RequestHandler<Peer = unknown> = (
  request: IncomingRequest,
  context: RequestContext<Peer>,
) => Content | undefined | Promise<Content | undefined>;
