/** AgentFinder: at which node an agent is, as the store knows. It asks for an agent once at a time, and for so many. */
import { ProtocolError } from '@sealane/shared/errors';
import type { DeliveryEnvironment } from '../../delivery/index.ts';

export interface AgentFinderOptions {
  /** The node of the instance `main`; undefined while it is not connected. */
  readonly nodeOf: (agentId: string) => Promise<string | undefined>;
  readonly environment: Pick<DeliveryEnvironment, 'schedule'>;
}

/** Agents that are looked for at one moment; more are refused, so that a store that does not answer costs little. */
const LOOKS_MAX = 1_024;
/** Longer than this nobody waits for the store. */
const LOOK_WAIT_MS = 3_000;

export class AgentFinder {
  readonly #options: AgentFinderOptions;
  readonly #looks = new Map<string, Promise<string | undefined>>();

  constructor(options: AgentFinderOptions) {
    this.#options = options;
  }

  /** @throws ProtocolError `E_BUSY`, `E_CANCELLED`, or `E_NOT_CONNECTED` where the store does not answer. */
  async find(agentId: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    if (!this.#looks.has(agentId) && this.#looks.size >= LOOKS_MAX) throw new ProtocolError('E_BUSY');
    const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
    const onAbort = (): void => reject(new ProtocolError('E_CANCELLED'));
    const giveUp = (): void => reject(new ProtocolError('E_NOT_CONNECTED'));
    const timer = this.#options.environment.schedule(LOOK_WAIT_MS, giveUp);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#look(agentId).then(resolve, giveUp);
    try {
      return await promise;
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  #look(agentId: string): Promise<string | undefined> {
    const running = this.#looks.get(agentId);
    if (running !== undefined) return running;
    const look = this.#options.nodeOf(agentId).finally(() => this.#looks.delete(agentId));
    this.#looks.set(agentId, look);
    return look;
  }
}
