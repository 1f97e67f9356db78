/**
 * Relay: requests of one agent to another (docs/protocols/requests.md).
 *
 * An agent that does not read is not read itself, but others may ask it, and answer it, without end. So nothing is passed
 * on to one whose buffer is full: whoever asks is told `E_BUSY` (fault B3).
 */
import type { Channel, IncomingRequest, ReceivedContent, RequestContext } from '@sealane/shared/channel';
import { ERRORS, LOCAL_ERROR_NUMBER_MIN, ProtocolError } from '@sealane/shared/errors';
import type { AgentPeer } from './agent-peer.ts';

const ADDRESS = /^agent:(.+)$/;

/** What relaying needs. */
export interface RelayOptions {
  /** The channel to the instance `main` of an agent, undefined while it is not connected. */
  readonly channelTo: (agentId: string) => Channel<AgentPeer> | undefined;
  /** The channel of one connected instance, undefined when it is gone. */
  readonly channelOf: (peer: AgentPeer) => Channel<AgentPeer> | undefined;
  /** At this many bytes that wait to be read by an agent its buffer is full. */
  readonly unsentBytesMax: () => number;
  /** Requests of one connection that may be under way. */
  readonly relaysPerConnectionMax: number;
}

/**
 * Passes requests to other agents of this process (`to: agent:ID`), with deadline, cancel and progress, and their
 * answers back. The server says who asks; it changes nothing of the content.
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
    const agentId = ADDRESS.exec(request.to ?? '')?.[1];
    if (agentId === undefined) throw new ProtocolError('E_BAD_REQUEST');
    const channel = this.#options.channelTo(agentId);
    if (channel === undefined) throw new ProtocolError('E_NOT_CONNECTED');
    if (this.#isFull(channel)) throw new ProtocolError('E_BUSY');
    const { peer } = context;
    const count = this.#underWay.get(peer) ?? 0;
    if (count >= this.#options.relaysPerConnectionMax) throw new ProtocolError('E_BUSY');
    this.#underWay.set(peer, count + 1);
    try {
      return await this.#passOn(channel, request, context);
    } finally {
      this.#release(peer);
    }
  }

  async #passOn(
    channel: Channel<AgentPeer>,
    request: IncomingRequest,
    context: RequestContext<AgentPeer>,
  ): Promise<ReceivedContent> {
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
      const reply = await channel.request(request.name, request, options);
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

/** Codes of this side, such as the end of the connection to the other agent, do not travel. */
function asAnswer(error: unknown): unknown {
  if (!(error instanceof ProtocolError)) return error;
  const travels = ERRORS[error.code].number < LOCAL_ERROR_NUMBER_MIN && ERRORS[error.code].closes !== 'connection';
  return travels ? error : new ProtocolError('E_NOT_CONNECTED');
}
