/**
 * Relay: requests of one agent to another (`to: agent:ID`). The server says who asks, and passes on deadline, cancel,
 * progress and the answer; it changes nothing of the content (docs/protocols/requests.md).
 */
import type { Channel, IncomingRequest, ReceivedContent, RequestContext } from '@sealane/shared/channel';
import { ERRORS, LOCAL_ERROR_NUMBER_MIN, ProtocolError } from '@sealane/shared/errors';
import type { AgentPeer } from './agent-peer.ts';

const ADDRESS = /^agent:(.+)$/;

/** What relaying needs. */
export interface RelayOptions {
  /** The channel to the instance `main` of an agent, undefined while it is not connected. */
  readonly channelTo: (agentId: string) => Channel<AgentPeer> | undefined;
  /** Requests of one connection that may be under way. */
  readonly relaysPerConnectionMax: number;
}

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
    const { peer } = context;
    const count = this.#underWay.get(peer) ?? 0;
    if (count >= this.#options.relaysPerConnectionMax) throw new ProtocolError('E_BUSY');
    this.#underWay.set(peer, count + 1);
    try {
      return await channel.request(request.name, request, {
        timeoutMs: request.timeoutMs,
        from: `agent:${peer.agentId}`,
        signal: context.signal,
        onProgress: (part) => void context.progress(part),
      });
    } catch (error) {
      throw asAnswer(error);
    } finally {
      this.#release(peer);
    }
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
