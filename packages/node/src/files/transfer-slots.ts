/** How many transfers are under way, and of which names: too many, or two of one name, are refused. */
import { ProtocolError } from '@sealane/shared/errors';
import type { FileLimits } from './limits.ts';

export class TransferSlots {
  readonly #limits: Pick<FileLimits, 'transfersMax' | 'transfersPerAgentMax'>;
  readonly #byAgent = new Map<string, number>();
  readonly #names = new Set<string>();
  #count = 0;

  constructor(limits: Pick<FileLimits, 'transfersMax' | 'transfersPerAgentMax'>) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  /** One transfer of an agent, until disposed. @throws ProtocolError `E_BUSY` when there are too many. */
  take(agentId: string): Disposable {
    const own = this.#byAgent.get(agentId) ?? 0;
    if (this.#count >= this.#limits.transfersMax || own >= this.#limits.transfersPerAgentMax)
      throw new ProtocolError('E_BUSY', 'too many file transfers are under way');
    this.#count += 1;
    this.#byAgent.set(agentId, own + 1);
    return { [Symbol.dispose]: () => this.#give(agentId) };
  }

  /** The only transfer into a name, until disposed. @throws ProtocolError `E_FILE_BUSY` when there is one. */
  takeName(name: string): Disposable {
    // Some file systems know no difference between cases.
    const key = name.toLowerCase();
    if (this.#names.has(key)) throw new ProtocolError('E_FILE_BUSY');
    this.#names.add(key);
    return { [Symbol.dispose]: () => void this.#names.delete(key) };
  }

  #give(agentId: string): void {
    this.#count -= 1;
    const left = (this.#byAgent.get(agentId) ?? 1) - 1;
    if (left === 0) this.#byAgent.delete(agentId);
    else this.#byAgent.set(agentId, left);
  }
}
