/**
 * NodeRelay: requests of an agent here to an agent at another node, and the other way round (docs/protocols/requests.md §7).
 * Which node has an agent the store says; that node is asked, no other. What may be asked the asker's node judges.
 *
 *   relay → finder → asked nodes → bus ⇒ bus → served nodes → channel of the agent
 */
import type { IncomingRequest, ReceivedContent, RequestOptions } from '@sealane/shared/channel';
import { ProtocolError } from '@sealane/shared/errors';
import { VALUE_ELEMENTS_MAX } from '@sealane/shared/packets';
import type { ServerLimits } from '../../config/index.ts';
import type { DeliveryEnvironment, ScheduledCall } from '../../delivery/index.ts';
import type { NodeBus } from '../../store/index.ts';
import { AgentFinder, type AgentFinderOptions } from './agent-finder.ts';
import { AskedNodes } from './asked-nodes.ts';
import { decodeNodeMessage, encodeNodeMessage, type NodeMessage, type ReceivedNodeMessage } from './node-message.ts';
import { ServedNodes, type ServedNodesOptions } from './served-nodes.ts';

/** What a relay between nodes needs. */
export interface NodeRelayOptions extends Pick<ServedNodesOptions, 'channelTo' | 'unsentBytesMax' | 'inbound'> {
  readonly bus: NodeBus;
  readonly nodeOf: AgentFinderOptions['nodeOf'];
  readonly limits: Pick<ServerLimits, 'relaysPerNodeMax' | 'relayBytesPerNodeMax'>;
  readonly environment: Pick<DeliveryEnvironment, 'now' | 'schedule'>;
  /** A message of another node met a fault of this program. */
  readonly onFault: (error: unknown) => void;
}

/** What is under way, and what was dropped since the start. */
export interface NodeRelayCounts {
  /** Requests of agents here that wait for an agent elsewhere. */
  readonly asked: number;
  /** Requests of agents elsewhere that are at work here. */
  readonly served: number;
  /** Messages of other nodes: of another version, with bytes that are none, and such as should not have come. */
  readonly dropped: { readonly version: number; readonly malformed: number; readonly unexpected: number };
}

/** While something is under way, nodes look at each other this often. */
const LOOK_MS = 1_000;

export class NodeRelay {
  readonly #options: NodeRelayOptions;
  readonly #finder: AgentFinder;
  readonly #asked: AskedNodes;
  readonly #served: ServedNodes;
  readonly #dropped = { version: 0, malformed: 0, unexpected: 0 };
  #alarm: ScheduledCall | undefined;
  #isClosed = false;

  constructor(options: NodeRelayOptions) {
    this.#options = options;
    const { bus, limits } = options;
    const common = {
      post: (node: string, message: NodeMessage) => bus.send(node, encodeNodeMessage(bus.node, message)),
      isFull: () => bus.isFull,
      // A look names all of them.
      requestsMax: Math.min(limits.relaysPerNodeMax, VALUE_ELEMENTS_MAX),
      bytesMax: limits.relayBytesPerNodeMax,
    };
    this.#finder = new AgentFinder(options);
    this.#asked = new AskedNodes(common);
    this.#served = new ServedNodes({ ...options, ...common });
  }

  get counts(): NodeRelayCounts {
    return { asked: this.#asked.size, served: this.#served.size, dropped: { ...this.#dropped } };
  }

  /** @throws StorageError. */
  async open(): Promise<void> {
    await this.#options.bus.open((bytes) => this.#onMessage(bytes));
  }

  /**
   * Asks an agent that is not here.
   *
   * @throws ProtocolError `E_NOT_CONNECTED`, `E_BUSY`, `E_TIMEOUT`, `E_CANCELLED`, or what the agent answers.
   */
  async request(agentId: string, request: IncomingRequest, options: RequestOptions): Promise<ReceivedContent> {
    const { bus, environment } = this.#options;
    const { timeoutMs = 0, from = null, signal } = options;
    const dueAt = environment.now() + timeoutMs;
    const node = await this.#finder.find(agentId, signal);
    if (node === undefined || node === bus.node || this.#isClosed) throw new ProtocolError('E_NOT_CONNECTED');
    const leftMs = Math.ceil(dueAt - environment.now());
    if (timeoutMs > 0 && leftMs <= 0) throw new ProtocolError('E_TIMEOUT');
    const { name, body, contentType } = request;
    const asked = { name, body, contentType, timeoutMs: timeoutMs > 0 ? leftMs : 0, to: `agent:${agentId}`, from };
    const reply = this.#asked.ask(node, asked, options);
    this.#watch();
    return await reply;
  }

  /** Ends what is under way, tells whoever waits elsewhere, and takes nothing any more. Twice is harmless. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#alarm?.cancel();
    this.#asked.close();
    this.#served.close();
    await this.#options.bus.close();
  }

  /** Whatever another node sends, this one goes on. */
  #onMessage(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    let received: ReceivedNodeMessage;
    try {
      received = decodeNodeMessage(bytes);
    } catch {
      this.#dropped.malformed += 1;
      return;
    }
    const { sender, message } = received;
    if (message === undefined) this.#refuseVersion(sender);
    else this.#take(sender, message);
  }

  #take(sender: string, message: NodeMessage): void {
    try {
      this.#asked.heard(sender);
      this.#served.heard(sender);
      if (!this.#isTaken(sender, message)) this.#dropped.unexpected += 1;
      this.#watch();
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  #isTaken(sender: string, message: NodeMessage): boolean {
    switch (message.kind) {
      case 'request':
        return this.#served.onRequest(sender, message.request);
      case 'response':
        this.#asked.onResponse(sender, message.number, message.response);
        return true;
      case 'cancel':
        this.#served.onCancel(sender, message.requestId);
        return true;
      case 'look':
        this.#tell(sender, { kind: 'here', requestIds: this.#served.onLook(sender, message.requestIds) });
        return true;
      case 'here':
        this.#asked.onUnknown(sender, message.requestIds);
        return true;
      case 'other-version':
        this.#asked.onGone(sender);
        return true;
    }
  }

  /** Its asker is told at once that nobody here understands it. */
  #refuseVersion(sender: string): void {
    this.#dropped.version += 1;
    this.#tell(sender, { kind: 'other-version' });
  }

  #tell(node: string, message: NodeMessage): void {
    const { bus } = this.#options;
    bus.send(node, encodeNodeMessage(bus.node, message)).catch(() => undefined);
  }

  /** One timer for all, while something is under way. */
  #watch(): void {
    if (this.#alarm !== undefined || this.#isClosed || this.#asked.size + this.#served.size === 0) return;
    this.#alarm = this.#options.environment.schedule(LOOK_MS, () => {
      this.#alarm = undefined;
      this.#asked.look();
      this.#served.turn();
      this.#watch();
    });
  }
}
