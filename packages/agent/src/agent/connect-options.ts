/** What a program tells `connect`. */
import type { Address } from '@sealane/node/config';
import type { Logger } from '@sealane/node/log';
import type { OutboxLimits } from '../delivery/index.ts';
import type { ReconnectPolicy } from '../reconnect/index.ts';
import type { Agent } from './agent.ts';
import type { AgentState } from './agent-state.ts';

/** Options of `connect`; everything has a default. */
export interface ConnectOptions {
  /** `host:port`, default `127.0.0.1:1337`; the port may be left out. */
  readonly server?: string | Address;
  /** The identity the server must have: `SHA256:…`. */
  readonly serverKey?: string | undefined;
  /** Enrolment token as the operator handed it out; carries the identity of its server. */
  readonly token?: string | undefined;
  /** Where key, known servers and events are kept. Without it all are forgotten when the process ends. */
  readonly dataDir?: string | undefined;
  /** Passphrase of the key file. */
  readonly passphrase?: string | undefined;
  /** 1 to 64 bytes; default `agent-` and 16 characters of the key's hash. */
  readonly id?: string | undefined;
  /** Which of the agent's programs this is, 1 to 64 bytes; default `main`, which replaces another `main`. */
  readonly instance?: string;
  /** `pq` (default) insists on the hybrid suite, `any` accepts the classical one as well. */
  readonly suites?: 'pq' | 'any';
  /** Whether a lost connection is made again, and with which times until the server names its own. Default true. */
  readonly reconnect?: boolean | Partial<ReconnectPolicy>;
  /** Time for TCP to connect in one attempt. Default 10,000 ms. */
  readonly connectTimeoutMs?: number;
  /** Time for the handshake in one attempt. Default 10,000 ms. */
  readonly handshakeTimeoutMs?: number;
  /** Time for the first contact, all attempts together. Default 60,000 ms; Infinity for no limit. */
  readonly timeoutMs?: number;
  /**
   * `false` resolves at once, whether or not a server can be reached: what is published until then waits in the outbox.
   * Default true.
   */
  readonly waitForServer?: boolean;
  /** Bounds of the outbox; default 1,000,000 events, 1 GiB, and 64 MiB of free disk space. */
  readonly outbox?: Partial<OutboxLimits>;
  /** Closes the agent when aborted, as `close` does. */
  readonly signal?: AbortSignal | undefined;
  readonly logger?: Logger;
  /** Called before the first attempt: handlers registered here miss nothing. */
  readonly prepare?: (agent: Agent) => void;
  /** Told every state from the first on. */
  readonly onState?: (state: AgentState) => void;
  /** The command line that accepts a changed server identity, for the error's text. */
  readonly acceptCommand?: (server: string, fingerprint: string) => string;
  /** Random numbers from 0 up to, not including, 1, for the waits; for tests. */
  readonly random?: () => number;
}
