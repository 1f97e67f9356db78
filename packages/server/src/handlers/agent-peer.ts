/** The agent at the other end of a connection, as handlers and events see it. */
import type { SuiteId } from '@sealane/shared/wire';

/** An agent as handlers see it: its proven id and what it may do. */
export interface AgentPeer {
  readonly agentId: string;
  /** `main`, or the random name of a one-shot command. */
  readonly instance: string;
  /** IP address without port. */
  readonly address: string;
  readonly port: number;
  /** X25519 static key, 32 bytes. */
  readonly agentKey: Uint8Array;
  /** 16 bytes; the same after a resume. */
  readonly sessionId: Uint8Array;
  readonly resumed: boolean;
  readonly suite: SuiteId;
  /** Name and version of the agent's program, as it says. */
  readonly build: string;
  /** Wall clock in ms. */
  readonly connectedAt: number;
}
