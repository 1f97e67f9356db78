/** AddressJudge: whether one connection may publish to an address, remembered: most events go to a few addresses. */
import type { ErrorCode } from '@sealane/shared/errors';
import type { AgentQueues } from './agent-queues.ts';
import type { DeliverySink } from './environment.ts';

/** Whom it asks. */
export interface AddressJudgeHost {
  /** Whether the connection may publish to an address; undefined allows it. */
  judgeAddress(sink: DeliverySink, to: string): ErrorCode | undefined;
  /** Changes whenever the answers of `judgeAddress` may have changed. */
  readonly permissionsVersion: number;
  readonly agentQueues: AgentQueues;
}

/** Addresses that are remembered. */
const JUDGED_MAX = 256;

export class AddressJudge {
  readonly #host: AddressJudgeHost;
  readonly #sink: DeliverySink;
  readonly #judged = new Map<string, ErrorCode | undefined>();
  #missing = new Set<string>();
  #version: number;

  constructor(host: AddressJudgeHost, sink: DeliverySink) {
    this.#host = host;
    this.#sink = sink;
    this.#version = host.permissionsVersion;
  }

  /** Whether agents that were judged have queues that are not open yet. */
  get hasMissing(): boolean {
    return this.#missing.size > 0;
  }

  /** @returns undefined where it is allowed. */
  judge(to: string): ErrorCode | undefined {
    if (this.#version !== this.#host.permissionsVersion || this.#judged.size > JUDGED_MAX) {
      this.#judged.clear();
      this.#version = this.#host.permissionsVersion;
    }
    const known = this.#judged.get(to);
    if (known !== undefined || this.#judged.has(to)) return known;
    const code = this.#host.judgeAddress(this.#sink, to);
    const agentId = code === undefined ? agentIdOf(to) : undefined;
    if (agentId !== undefined && !this.#host.agentQueues.isOpen(agentId)) this.#missing.add(agentId);
    else this.#judged.set(to, code);
    return code;
  }

  /** Agents whose queues have to be opened before what was judged is stored. */
  takeMissing(): readonly string[] {
    const missing = this.#missing;
    this.#missing = new Set();
    return [...missing];
  }

  /** The store knows no queue of this address. @returns whether that may be otherwise the next time. */
  reopen(to: string): boolean {
    const agentId = agentIdOf(to);
    this.#judged.delete(to);
    return agentId !== undefined && this.#host.agentQueues.reopen(agentId);
  }
}

/** The agent of an address that is one. */
function agentIdOf(to: string): string | undefined {
  return to.startsWith('agent:') ? to.slice('agent:'.length) : undefined;
}
