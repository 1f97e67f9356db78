/** What callers of a server's library give and get. */
import type { ErrorCode } from '@sealane/shared/errors';
import type { EnrolledBy } from '../admission/index.ts';
import type { StoreIncident } from '../delivery/index.ts';
import type { AgentPeer } from '../handlers/index.ts';
import type { Durability, StoreHealth } from '../store/index.ts';
import type { DisconnectReason } from './connections.ts';

/** Where a server listens, and who it is. */
export interface Listening {
  readonly host: string;
  readonly port: number;
  /** `SHA256:` and 43 characters: what agents know the server by. */
  readonly fingerprint: string;
}

/** What a server tells about its agents. */
export interface ServerEvents {
  'agent-connected': [peer: AgentPeer];
  'agent-disconnected': [peer: AgentPeer, reason: DisconnectReason];
  'agent-enrolled': [agent: { readonly agentId: string; readonly address: string; readonly by: EnrolledBy }];
  'agent-refused': [agent: { readonly agentId: string; readonly address: string; readonly code: ErrorCode }];
  /** The store is ready, degraded, does not answer, or failed for good: then the server has to be restarted. */
  'store-health': [health: StoreHealth];
  /** The file of messaging cannot be opened, or is broken: then the server has to be restarted. */
  'messaging-failed': [error: Error];
  /** Something happened to an account: for the audit log. */
  'messaging-note': [action: string, fields: Readonly<Record<string, string | number>>];
  /** The store found damage, or lost its past. */
  'store-incident': [incident: StoreIncident];
}

/** What a reload may change; what is left out stays. */
export interface ReloadOptions {
  readonly permissionsFile?: string | undefined;
}

/** Which of an agent's instances is meant; by default `main`. */
export interface ToInstance {
  readonly instance?: string;
}

/** How an event is published. */
export interface PublishOptions {
  /** An id of its own: a repetition of it within 24 h is absorbed. At most 128 bytes. */
  readonly id?: string;
  /** How long it is to be delivered, default as long as its queue keeps it. */
  readonly ttlMs?: number;
  /** How long to wait before the first delivery. */
  readonly delayMs?: number;
  /** Default `durable`: on disk before the receipt. */
  readonly durability?: Durability;
}

/** An event is stored. */
export interface PublishReceipt {
  readonly id: string;
  /** Position in the log of the server, increasing. */
  readonly sequence: number;
  readonly durability: Durability;
  /** Whether it was stored before, under the same id. */
  readonly isDuplicate: boolean;
}
