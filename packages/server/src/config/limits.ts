/** Limits of a server, in two presets: `default`, and `strict` with the numbers of the earlier systems (rows G1–G3). */
import { DEFAULT_CONNECTION_LIMITS } from '@sealane/node/transport';
import { DEFAULT_PEER_LIMITS, DEFAULT_SESSION_LIMITS, type PeerLimits, type SessionLimits } from '@sealane/shared/wire';

import { DEFAULT_DELIVERY_LIMITS, type DeliveryLimits } from './delivery-limits.ts';
/** Names of the presets, as `--limits` takes them. */
export const LIMIT_PRESETS = ['default', 'strict'] as const;
/** Name of a preset of limits: `default`, or `strict` with the numbers of the earlier systems. */
export type LimitPreset = (typeof LIMIT_PRESETS)[number];

/** What a server allows. */
export interface ServerLimits {
  /** Sockets of all agents together; the descriptors of the process may allow fewer. */
  readonly connectionsMax: number;
  /** File descriptors kept back: some 45 of the process itself, 32 refusals at once, files and admin connections. */
  readonly descriptorsReserved: number;
  /** Connections of one address that have not proved who they are. */
  readonly unauthenticatedPerAddressMax: number;
  /** From this many on, new ones of the address are refused at random, surely at the maximum. */
  readonly unauthenticatedPerAddressDropFrom: number;
  /** Connections of all addresses together that have not proved who they are. */
  readonly unauthenticatedMax: number;
  readonly unauthenticatedDropFrom: number;
  /** Connections of one address that have. */
  readonly authenticatedPerAddressMax: number;
  /** So many failed handshakes of one address within the window, and it waits for the window's end. */
  readonly handshakeFailuresMax: number;
  readonly handshakeFailureWindowMs: number;
  /** Whether the machine itself is free from the limits by address. */
  readonly loopbackExempt: boolean;
  /** Instances of one agent connected at once. */
  readonly instancesPerAgentMax: number;
  /** Requests of one connection to other agents that wait for their answer. */
  readonly relaysPerConnectionMax: number;
  /** Requests to agents of one other node that are under way, and requests of one other node that are at work here. */
  readonly relaysPerNodeMax: number;
  /** Bytes that either of them may have. */
  readonly relayBytesPerNodeMax: number;
  /** Agents that may be enrolled. */
  readonly agentsMax: number;
  /** An agent that reads slower than this for this long, while bytes wait for it, is cut. */
  readonly slowReaderBytesPerSecond: number;
  readonly slowReaderWindowMs: number;
  /** Part of the memory that the process may have, for what waits to be read by all agents together. */
  readonly backlogMemoryShare: number;
  /** Part of the same, for what came from all agents together and is not done with. */
  readonly inboundMemoryShare: number;
  readonly delivery: DeliveryLimits;
  readonly session: SessionLimits;
  /** What agents are told they may do. */
  readonly announced: PeerLimits;
}

const DEFAULT_LIMITS: ServerLimits = {
  connectionsMax: 100_000,
  descriptorsReserved: 128,
  unauthenticatedPerAddressMax: 128,
  unauthenticatedPerAddressDropFrom: 64,
  unauthenticatedMax: 8_192,
  unauthenticatedDropFrom: 4_096,
  authenticatedPerAddressMax: 20_000,
  handshakeFailuresMax: 5,
  handshakeFailureWindowMs: 10_000,
  loopbackExempt: true,
  instancesPerAgentMax: 256,
  relaysPerConnectionMax: 256,
  relaysPerNodeMax: 4_096,
  // Half of what Redis keeps for a node that does not read before it cuts it (client-output-buffer-limit).
  relayBytesPerNodeMax: 16_777_216,
  agentsMax: 1_000_000,
  slowReaderBytesPerSecond: DEFAULT_CONNECTION_LIMITS.slowReaderBytesPerSecond,
  slowReaderWindowMs: DEFAULT_CONNECTION_LIMITS.slowReaderWindowMs,
  backlogMemoryShare: 1 / 8,
  inboundMemoryShare: 1 / 16,
  delivery: DEFAULT_DELIVERY_LIMITS,
  session: DEFAULT_SESSION_LIMITS,
  announced: DEFAULT_PEER_LIMITS,
};

/** G3: ten of an address, all of which get in; G5 stays as it is: 10 s is stricter than the earlier 30 s. */
const STRICT_LIMITS: ServerLimits = {
  ...DEFAULT_LIMITS,
  connectionsMax: 10_000,
  unauthenticatedPerAddressMax: 10,
  unauthenticatedPerAddressDropFrom: 10,
  unauthenticatedMax: 1_024,
  unauthenticatedDropFrom: 512,
  instancesPerAgentMax: 16,
  relaysPerConnectionMax: 32,
  relaysPerNodeMax: 512,
  announced: { ...DEFAULT_PEER_LIMITS, streamsMax: 128, requestsInFlightMax: 128 },
};

/** The limits of a preset. */
export function limitsOf(preset: LimitPreset): ServerLimits {
  return preset === 'strict' ? STRICT_LIMITS : DEFAULT_LIMITS;
}
