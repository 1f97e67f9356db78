/** Opens a link: TCP, handshake, admission. A failure is a value, because failing to connect is what agents live with. */
import { SealaneError } from '@sealane/shared/errors';
import { AgentSession, type OpenedEvent, type SessionEnvironment } from '@sealane/shared/session';
import type { StaticKeyPair } from '@sealane/shared/crypto';
import { DEFAULT_PEER_LIMITS, type PeerLimits, type SessionLimits, type SuiteId } from '@sealane/shared/wire';
import { connectTcp, monotonicNow } from '@sealane/node/transport';
import { Link, cancelled, type LinkOwner } from './link.ts';
import { linkFailure, type LinkEnd } from './link-end.ts';

/** What a link is opened with. */
export interface LinkOptions<Peer> extends LinkOwner<Peer> {
  readonly environment: SessionEnvironment;
  readonly keys: StaticKeyPair;
  readonly agentId: string;
  readonly instance: string;
  readonly enrolmentToken: Uint8Array | null;
  readonly resumeToken: Uint8Array | null;
  readonly suites: readonly SuiteId[];
  readonly limits: SessionLimits;
  readonly announced?: PeerLimits;
  readonly build: string;
  /** Time for TCP to connect. */
  readonly connectTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** A link that is open, or how the attempt ended. */
export type LinkOutcome<Peer> =
  | { readonly link: Link<Peer>; readonly opened: OpenedEvent }
  | { readonly link: undefined; readonly end: LinkEnd };

/** Never rejects for what network, server or files do. */
export async function openLink<Peer>(options: LinkOptions<Peer>): Promise<LinkOutcome<Peer>> {
  const { address, signal } = options;
  let link: Link<Peer> | undefined;
  try {
    const socket = await connectTcp({
      host: address.host,
      port: address.port,
      timeoutMs: options.connectTimeoutMs,
      signal,
      onBytes: (bytes) => link?.receive(bytes),
    });
    if (signal.aborted) {
      socket.destroy();
      return { link: undefined, end: cancelled() };
    }
    link = new Link(options, new AgentSession(sessionSettings(options), monotonicNow()), socket);
  } catch (error) {
    if (!(error instanceof SealaneError)) throw error;
    return { link: undefined, end: signal.aborted ? cancelled() : linkFailure(error) };
  }
  return await admitted(link, signal);
}

async function admitted<Peer>(link: Link<Peer>, signal: AbortSignal): Promise<LinkOutcome<Peer>> {
  const onAbort = (): void => link.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  const outcome = await link.opened;
  signal.removeEventListener('abort', onAbort);
  if ('type' in outcome) return { link, opened: outcome };
  return { link: undefined, end: signal.aborted ? cancelled() : outcome };
}

function sessionSettings<Peer>(options: LinkOptions<Peer>): ConstructorParameters<typeof AgentSession>[0] {
  const { environment, keys, suites, limits, announced, build } = options;
  const { agentId, instance, enrolmentToken, resumeToken } = options;
  return {
    environment,
    identity: keys,
    suites,
    limits,
    announced: announced ?? DEFAULT_PEER_LIMITS,
    build,
    agentId,
    instance,
    enrolmentToken,
    resumeToken,
  };
}
