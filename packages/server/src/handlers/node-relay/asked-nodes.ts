/**
 * AskedNodes: what agents of this node wait for at other nodes. An answer may get lost, and a node may die, so each node that
 * is waited for is looked at again and again: what it knows nothing of, and what it is silent about, is over.
 */
import { ReceivedContent, type RequestOptions } from '@sealane/shared/channel';
import { ProtocolError, errorByNumber, type ErrorCode } from '@sealane/shared/errors';
import type { Request, Response } from '@sealane/shared/packets';
import { RESPONSE_STATUS } from '@sealane/shared/session';
import { travels } from '../as-answer.ts';
import type { NodeMessage } from './node-message.ts';

export interface AskedNodesOptions {
  /** Sends a message. @returns whether the node takes messages. */
  readonly post: (node: string, message: NodeMessage) => Promise<boolean>;
  /** Whether nothing large is to be sent for now. */
  readonly isFull: () => boolean;
  /** Requests, and bytes that they have, that may be under way to one node. */
  readonly requestsMax: number;
  readonly bytesMax: number;
}

interface Asked {
  readonly bytes: number;
  readonly onProgress: ((part: ReceivedContent) => void) | undefined;
  readonly resolve: (reply: ReceivedContent) => void;
  readonly reject: (error: Error) => void;
  /** Answers that came. */
  answers: number;
}

interface AskedNode {
  readonly requests: Map<number, Asked>;
  bytes: number;
  /** Looks since something came from it. */
  silentLooks: number;
}

/** A node that has not answered so many looks is gone. */
const SILENT_LOOKS_MAX = 5;

export class AskedNodes {
  readonly #options: AskedNodesOptions;
  /** Nodes that somebody waits for. */
  readonly #nodes = new Map<string, AskedNode>();
  #lastId = 0;

  constructor(options: AskedNodesOptions) {
    this.#options = options;
  }

  /** Requests under way. */
  get size(): number {
    return this.#nodes.values().reduce((sum, { requests }) => sum + requests.size, 0);
  }

  /** @throws ProtocolError `E_BUSY`, `E_CANCELLED`, `E_NOT_CONNECTED`, or what the agent answers. */
  async ask(
    node: string,
    request: Omit<Request, 'id' | 'requestId'>,
    { signal, onProgress }: Pick<RequestOptions, 'signal' | 'onProgress'>,
  ): Promise<ReceivedContent> {
    if (signal?.aborted === true) throw new ProtocolError('E_CANCELLED');
    const bytes = request.body.length;
    if (this.#options.isFull() || !this.#hasRoom(node, bytes)) throw new ProtocolError('E_BUSY');
    const requestId = ++this.#lastId;
    const sent = this.#options.post(node, { kind: 'request', request: { ...request, requestId } });
    const { promise, resolve, reject } = Promise.withResolvers<ReceivedContent>();
    this.#add(node, requestId, { bytes, onProgress, resolve, reject, answers: 0 });
    const onAbort = (): void => this.#giveUp(node, requestId, 'E_CANCELLED');
    signal?.addEventListener('abort', onAbort, { once: true });
    sent.then(
      (isThere) => {
        if (!isThere) this.#fail(node, requestId, 'E_NOT_CONNECTED');
      },
      // It may arrive nevertheless.
      () => this.#giveUp(node, requestId, 'E_NOT_CONNECTED'),
    );
    try {
      return await promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Something came from a node. */
  heard(node: string): void {
    const asked = this.#nodes.get(node);
    if (asked !== undefined) asked.silentLooks = 0;
  }

  /** An answer, or a part of one. What nobody waits for any more is ignored. */
  onResponse(node: string, number: number, response: Omit<Response, 'id'>): void {
    const { requestId, status, last, body, contentType, code } = response;
    const asked = this.#nodes.get(node)?.requests.get(requestId);
    if (asked === undefined) return;
    asked.answers += 1;
    // One before it got lost: half an answer is none.
    if (number !== asked.answers) this.#giveUp(node, requestId, 'E_NOT_CONNECTED');
    else if (!last) asked.onProgress?.(new ReceivedContent(body, contentType));
    else if (status === RESPONSE_STATUS.error) this.#fail(node, requestId, codeOf(code));
    else this.#take(node, requestId)?.resolve(new ReceivedContent(body, contentType));
  }

  /** A node knows nothing of these: they, or their answers, got lost. */
  onUnknown(node: string, requestIds: readonly number[]): void {
    for (const requestId of requestIds) this.#fail(node, requestId, 'E_NOT_CONNECTED');
  }

  /** A node is gone, or speaks otherwise: nobody there will answer. */
  onGone(node: string): void {
    const requestIds = [...(this.#nodes.get(node)?.requests.keys() ?? [])];
    this.onUnknown(node, requestIds);
  }

  /** Looks at every node that somebody waits for. */
  look(): void {
    for (const [node, asked] of this.#nodes) {
      if (asked.silentLooks >= SILENT_LOOKS_MAX) {
        this.#leave(node);
        continue;
      }
      asked.silentLooks += 1;
      this.#options.post(node, { kind: 'look', requestIds: [...asked.requests.keys()] }).then(
        (isThere) => {
          if (!isThere) this.onGone(node);
        },
        // Its silence counts.
        () => undefined,
      );
    }
  }

  /** Gives everything up. */
  close(): void {
    for (const node of this.#nodes.keys()) this.#leave(node);
  }

  /** Waits for nothing of a node any more, and says so, should it be there. */
  #leave(node: string): void {
    this.onGone(node);
    this.#tell(node, { kind: 'look', requestIds: [] });
  }

  #hasRoom(node: string, bytes: number): boolean {
    const asked = this.#nodes.get(node);
    const { requestsMax, bytesMax } = this.#options;
    return asked === undefined || (asked.requests.size < requestsMax && asked.bytes + bytes <= bytesMax);
  }

  #add(node: string, requestId: number, request: Asked): void {
    const asked = this.#nodes.get(node) ?? { requests: new Map(), bytes: 0, silentLooks: 0 };
    this.#nodes.set(node, asked);
    asked.requests.set(requestId, request);
    asked.bytes += request.bytes;
  }

  /** Takes a request out: it is settled once. */
  #take(node: string, requestId: number): Asked | undefined {
    const asked = this.#nodes.get(node);
    const request = asked?.requests.get(requestId);
    if (asked === undefined || request === undefined) return undefined;
    asked.requests.delete(requestId);
    asked.bytes -= request.bytes;
    if (asked.requests.size === 0) this.#nodes.delete(node);
    return request;
  }

  #fail(node: string, requestId: number, code: ErrorCode): boolean {
    const request = this.#take(node, requestId);
    request?.reject(new ProtocolError(code));
    return request !== undefined;
  }

  #giveUp(node: string, requestId: number, code: ErrorCode): void {
    if (this.#fail(node, requestId, code)) this.#tell(node, { kind: 'cancel', requestId });
  }

  #tell(node: string, message: NodeMessage): void {
    this.#options.post(node, message).catch(() => undefined);
  }
}

/** Another node is believed no more than an agent: a code that does not travel is none. */
function codeOf(number: number): ErrorCode {
  const code = errorByNumber(number);
  return code !== undefined && travels(code) ? code : 'E_HANDLER_FAILED';
}
