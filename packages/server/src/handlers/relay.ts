/**
 * Relay: requests of one agent to another (docs/protocols/requests.md).
 *
 * An agent that does not read is not read itself, but others may ask it, and answer it, without end. So nothing is passed
 * on to one whose buffer is full: whoever asks is told `E_BUSY` (fault B3).
 */
import type {
  Channel,
  IncomingRequest,
  ReceivedContent,
  RequestContext,
  RequestOptions,
} from '@sealane/shared/channel';
import { ProtocolError } from '@sealane/shared/errors';
import { agentOf } from './agent-address.ts';
import type { AgentPeer } from './agent-peer.ts';
import { asAnswer } from './as-answer.ts';
import type { NodeRelay } from './node-relay/node-relay.ts';

/** What relaying needs. */
export interface RelayOptions {
  /** The channel to the instance `main` of an agent, undefined while it is not connected. */
  readonly channelTo: (agentId: string) => Channel<AgentPeer> | undefined;
  /** The channel of one connected instance, undefined when it is gone. */
  readonly channelOf: (peer: AgentPeer) => Channel<AgentPeer> | undefined;
  /** The way to agents of other nodes; undefined where there are none. */
  readonly elsewhere?: () => Pick<NodeRelay, 'request'> | undefined;
  /** At this many bytes that wait to be read by an agent its buffer is full. */
  readonly unsentBytesMax: () => number;
  /** Requests of one connection that may be under way. */
  readonly relaysPerConnectionMax: number;
}

/** Asks an agent, here or elsewhere. */
type Ask = (request: IncomingRequest, options: RequestOptions) => Promise<ReceivedContent>;

/**
 * Passes requests to other agents (`to: agent:ID`), with deadline, cancel and progress, and their answers back: here itself,
 * elsewhere through their node. The server says who asks; it changes nothing of the content.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #underWay = new Map<AgentPeer, number>();

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** Requests under way. */
  get underWay(): number {
    return this.#underWay.values().reduce((sum, count) => sum + count, 0);
  }

  /** @throws ProtocolError `E_BAD_REQUEST`, `E_NOT_CONNECTED`, `E_BUSY`, or what the other agent answers. */
  async handle(request: IncomingRequest, context: RequestContext<AgentPeer>): Promise<ReceivedContent> {
    const agentId = agentOf(request.to);
    if (agentId === undefined) throw new ProtocolError('E_BAD_REQUEST');
    const ask = this.#wayTo(agentId);
    const { peer } = context;
    const count = this.#underWay.get(peer) ?? 0;
    if (count >= this.#options.relaysPerConnectionMax) throw new ProtocolError('E_BUSY');
    this.#underWay.set(peer, count + 1);
    try {
      return await this.#passOn(ask, request, context);
    } finally {
      this.#release(peer);
    }
  }

  /** @throws ProtocolError `E_NOT_CONNECTED`, `E_BUSY`. */
  #wayTo(agentId: string): Ask {
    const channel = this.#options.channelTo(agentId);
    if (channel !== undefined) {
      if (this.#isFull(channel)) throw new ProtocolError('E_BUSY');
      return (request, options) => channel.request(request.name, request, options);
    }
    const elsewhere = this.#options.elsewhere?.();
    if (elsewhere === undefined) throw new ProtocolError('E_NOT_CONNECTED');
    return (request, options) => elsewhere.request(agentId, request, options);
  }

  async #passOn(ask: Ask, request: IncomingRequest, context: RequestContext<AgentPeer>): Promise<ReceivedContent> {
    const { peer, signal } = context;
    const giveUp = new AbortController();
    signal.addEventListener('abort', () => giveUp.abort(), { once: true });
    const asker = { isFull: false };
    const onProgress = (part: ReceivedContent): void => {
      asker.isFull ||= this.#isFull(this.#options.channelOf(peer));
      if (asker.isFull) giveUp.abort();
      else context.progress(part);
    };
    try {
      const from = `agent:${peer.agentId}`;
      const options = { timeoutMs: request.timeoutMs, from, signal: giveUp.signal, onProgress };
      const reply = await ask(request, options);
      if (this.#isFull(this.#options.channelOf(peer))) throw new ProtocolError('E_BUSY');
      return reply;
    } catch (error) {
      throw asker.isFull ? new ProtocolError('E_BUSY') : asAnswer(error);
    }
  }

  #isFull(channel: Channel<AgentPeer> | undefined): boolean {
    return channel !== undefined && channel.unsentBytes >= this.#options.unsentBytesMax();
  }

  #release(peer: AgentPeer): void {
    const count = (this.#underWay.get(peer) ?? 1) - 1;
    if (count === 0) this.#underWay.delete(peer);
    else this.#underWay.set(peer, count);
  }
}
