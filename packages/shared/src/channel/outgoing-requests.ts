/** Own requests that wait for their answers: each is a promise, or a sequence where several answers are wanted. */
import { ProtocolError, errorByNumber } from '../errors/index.ts';
import type { Response } from '../packets/index.ts';
import { RESPONSE_STATUS } from '../session/index.ts';
import { ReceivedContent } from './content.ts';

/** Who waits for the answers to one request. */
export interface ResponseSink {
  /** An answer before the last one. */
  readonly onProgress: ((part: ReceivedContent) => void) | undefined;
  readonly resolve: (reply: ReceivedContent) => void;
  readonly reject: (error: Error) => void;
}

export class OutgoingRequests {
  readonly #sinks = new Map<number, ResponseSink>();

  add(requestId: number, sink: ResponseSink): void {
    this.#sinks.set(requestId, sink);
  }

  /** Forgets a request. @returns whether it was waiting. */
  delete(requestId: number): boolean {
    return this.#sinks.delete(requestId);
  }

  onResponse(response: Response): void {
    const sink = this.#sinks.get(response.requestId);
    if (sink === undefined) return;
    if (!response.last) {
      sink.onProgress?.(new ReceivedContent(response.body, response.contentType));
      return;
    }
    this.#sinks.delete(response.requestId);
    if (response.status === RESPONSE_STATUS.error) sink.reject(responseError(response));
    else sink.resolve(new ReceivedContent(response.body, response.contentType));
  }

  reject(requestId: number, error: Error): void {
    const sink = this.#sinks.get(requestId);
    this.#sinks.delete(requestId);
    sink?.reject(error);
  }

  /** The connection is gone: nobody will answer. */
  rejectAll(error: Error): void {
    const sinks = [...this.#sinks.values()];
    this.#sinks.clear();
    for (const sink of sinks) sink.reject(error);
  }
}

function responseError(response: Response): ProtocolError {
  return new ProtocolError(errorByNumber(response.code) ?? 'E_HANDLER_FAILED');
}
