/**
 * ServedNodes: what agents of other nodes ask agents of this one. The other node has judged whether they may. An asker
 * whose node is silent for long is gone, and so is what its node does not wait for any more.
 */
import { ReceivedContent, type Channel } from '@sealane/shared/channel';
import { ERRORS, SealaneError, type ErrorCode } from '@sealane/shared/errors';
import type { Request } from '@sealane/shared/packets';
import { RESPONSE_STATUS } from '@sealane/shared/session';
import { InboundShare, type InboundBudget } from '../../limits/index.ts';
import { agentOf } from '../agent-address.ts';
import { asAnswer } from '../as-answer.ts';
import type { NodeMessage } from './node-message.ts';

/** What of a channel is used. */
export type AskedChannel = Pick<Channel, 'request' | 'unsentBytes'>;

export interface ServedNodesOptions {
  /** Sends a message. @returns whether the node takes messages. */
  readonly post: (node: string, message: NodeMessage) => Promise<boolean>;
  /** Whether nothing large is to be sent for now. */
  readonly isFull: () => boolean;
  /** The channel to the instance `main` of an agent, undefined while it is not connected here. */
  readonly channelTo: (agentId: string) => AskedChannel | undefined;
  /** At this many bytes that wait to be read by an agent its buffer is full. */
  readonly unsentBytesMax: () => number;
  readonly inbound: InboundBudget;
  /** Requests of one other node, and bytes that they brought, that may be at work. */
  readonly requestsMax: number;
  readonly bytesMax: number;
}

interface Served {
  readonly node: ServedNode;
  readonly requestId: number;
  readonly bytes: number;
  readonly giveUp: AbortController;
  /** Answers that were sent. */
  answers: number;
}

interface ServedNode {
  readonly name: string;
  readonly requests: Map<number, Served>;
  bytes: number;
  /** Turns since something came from it. */
  silentTurns: number;
}

type Answer = { readonly content: ReceivedContent; readonly last: boolean } | { readonly code: ErrorCode };

/** Nodes that may have something at work at once. */
const NODES_MAX = 1_024;
/** A node that says nothing for so many turns is gone; it gives up on this one earlier. */
const SILENT_TURNS_MAX = 10;
const NO_BYTES = new Uint8Array(0);

export class ServedNodes {
  readonly #options: ServedNodesOptions;
  /** Nodes that have something at work. */
  readonly #nodes = new Map<string, ServedNode>();
  readonly #share: InboundShare;

  constructor(options: ServedNodesOptions) {
    this.#options = options;
    // It is never paused: what is too much is refused.
    this.#share = new InboundShare(options.inbound, { onInboundRoom: () => undefined });
  }

  /** Requests at work. */
  get size(): number {
    return this.#nodes.values().reduce((sum, { requests }) => sum + requests.size, 0);
  }

  /** Something came from a node. */
  heard(node: string): void {
    const served = this.#nodes.get(node);
    if (served !== undefined) served.silentTurns = 0;
  }

  /** @returns false for one that is at work already. */
  onRequest(node: string, request: Omit<Request, 'id'>): boolean {
    if (this.#nodes.get(node)?.requests.has(request.requestId) === true) return false;
    const target = this.#judge(node, request);
    if (typeof target === 'string') this.#send(node, request.requestId, 1, { code: target });
    else void this.#serve(this.#begin(node, request), request, target);
    return true;
  }

  onCancel(node: string, requestId: number): void {
    const served = this.#nodes.get(node)?.requests.get(requestId);
    if (served !== undefined) this.#giveUp(served);
  }

  /** A node waits for these, and for nothing else. @returns those of them that are not at work here. */
  onLook(node: string, requestIds: readonly number[]): readonly number[] {
    const requests = this.#nodes.get(node)?.requests;
    const wanted = new Set(requestIds);
    for (const served of requests?.values() ?? []) if (!wanted.has(served.requestId)) this.#giveUp(served);
    return requestIds.filter((requestId) => requests?.has(requestId) !== true);
  }

  /** Gives up what nodes asked that say nothing any more. */
  turn(): void {
    for (const node of this.#nodes.values()) {
      node.silentTurns += 1;
      if (node.silentTurns > SILENT_TURNS_MAX) this.onLook(node.name, []);
    }
  }

  /** Ends everything; whoever waits is told. */
  close(): void {
    for (const { requests } of this.#nodes.values())
      for (const served of requests.values()) this.#end(served, 'E_NOT_CONNECTED');
  }

  /** Whom to ask, or why not. */
  #judge(name: string, { to, from, body }: Omit<Request, 'id'>): AskedChannel | ErrorCode {
    const agentId = agentOf(to);
    if (agentId === undefined || agentOf(from) === undefined) return 'E_BAD_REQUEST';
    const channel = this.#options.channelTo(agentId);
    if (channel === undefined) return 'E_NOT_CONNECTED';
    const { requestsMax, bytesMax, unsentBytesMax, isFull } = this.#options;
    if (isFull() || channel.unsentBytes >= unsentBytesMax()) return 'E_BUSY';
    const node = this.#nodes.get(name);
    if (node === undefined && this.#nodes.size >= NODES_MAX) return 'E_BUSY';
    const [requests, bytes] = [node?.requests.size ?? 0, node?.bytes ?? 0];
    if (requests >= requestsMax || bytes + body.length > bytesMax) return 'E_BUSY';
    return this.#share.refuses(body.length) ? 'E_BUSY' : channel;
  }

  async #serve(served: Served, request: Omit<Request, 'id'>, channel: AskedChannel): Promise<void> {
    const { name, body, contentType, timeoutMs, from } = request;
    try {
      const content = await channel.request(name, new ReceivedContent(body, contentType), {
        timeoutMs,
        ...(from !== null && { from }),
        signal: served.giveUp.signal,
        onProgress: (part) => this.#progress(served, part),
      });
      if (this.#options.isFull()) this.#end(served, 'E_BUSY');
      else if (this.#remove(served)) this.#answer(served, { content, last: true });
    } catch (error) {
      const answer = asAnswer(error);
      this.#end(served, answer instanceof SealaneError ? answer.code : 'E_HANDLER_FAILED');
    }
  }

  /** The asker gets no half of an answer: where a part cannot be sent, nothing more is. */
  #progress(served: Served, content: ReceivedContent): void {
    if (this.#options.isFull()) this.#end(served, 'E_BUSY');
    else if (this.#isAtWork(served)) this.#answer(served, { content, last: false });
  }

  #begin(name: string, { requestId, body }: Omit<Request, 'id'>): Served {
    const node = this.#nodes.get(name) ?? this.#newNode(name);
    const served = { node, requestId, bytes: body.length, giveUp: new AbortController(), answers: 0 };
    node.requests.set(requestId, served);
    node.bytes += served.bytes;
    this.#share.add(served.bytes);
    return served;
  }

  #newNode(name: string): ServedNode {
    const node = { name, requests: new Map<number, Served>(), bytes: 0, silentTurns: 0 };
    this.#nodes.set(name, node);
    return node;
  }

  #isAtWork({ node, requestId }: Served): boolean {
    return node.requests.has(requestId);
  }

  /** @returns whether it was at work, so whether an answer is still wanted. */
  #remove({ node, requestId, bytes }: Served): boolean {
    if (!node.requests.delete(requestId)) return false;
    node.bytes -= bytes;
    this.#share.free(bytes);
    if (node.requests.size === 0) this.#nodes.delete(node.name);
    return true;
  }

  /** Ends it with a code. */
  #end(served: Served, code: ErrorCode): void {
    if (!this.#remove(served)) return;
    this.#answer(served, { code });
    served.giveUp.abort();
  }

  /** Nobody waits for it any more. */
  #giveUp(served: Served): void {
    if (this.#remove(served)) served.giveUp.abort();
  }

  #answer(served: Served, answer: Answer): void {
    served.answers += 1;
    this.#send(served.node.name, served.requestId, served.answers, answer, () => this.#giveUp(served));
  }

  /** @param onGone called where the asker's node is gone. */
  #send(node: string, requestId: number, number: number, answer: Answer, onGone?: () => void): void {
    const response =
      'code' in answer
        ? {
            status: RESPONSE_STATUS.error,
            last: true,
            body: NO_BYTES,
            contentType: null,
            code: ERRORS[answer.code].number,
          }
        : { ...partOf(answer), code: 0 };
    this.#options.post(node, { kind: 'response', number, response: { requestId, ...response } }).then(
      (isThere) => {
        if (!isThere) onGone?.();
      },
      // The asker's node finds out when it looks.
      () => undefined,
    );
  }
}

function partOf({ content: { body, contentType }, last }: Extract<Answer, { last: boolean }>) {
  return { status: last ? RESPONSE_STATUS.success : RESPONSE_STATUS.progress, last, body, contentType };
}
