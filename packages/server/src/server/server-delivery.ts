/** The delivery engine of a server: on the system's time, over the store that the operator chose. */
import { setTimeout as startTimer, clearTimeout as stopTimer } from 'node:timers';
import type { Logger } from '@sealane/node/log';
import { monotonicNow, systemRandom } from '@sealane/node/transport';
import { toBase64Url } from '@sealane/shared/bytes';
import type { DeliveryLimits } from '../config/index.ts';
import {
  Delivery,
  steadyClock,
  type DeliveryEnvironment,
  type DeliveryOptions,
  type StoreIncident,
} from '../delivery/index.ts';
import type { InboundBudget } from '../limits/index.ts';
import type { Permissions } from '../permissions/index.ts';
import type { NodeBus, QueueLimits, StoreHealth } from '../store/index.ts';
import { createStore, type CreateStoreOptions, type SharedDirectory } from './create-store.ts';

export interface ServerDeliveryOptions {
  /** `sqlite:PATH`, `redis://…` or `memory:`; default a file in the data directory. */
  readonly store: string | undefined;
  readonly dataDirectory: string;
  readonly queueLimits: Partial<QueueLimits> | undefined;
  readonly limits: DeliveryLimits;
  readonly inbound: InboundBudget;
  readonly permissions: Permissions;
  readonly wallClock: () => number;
  readonly healthUrl: string | undefined;
  readonly requireDurable: boolean;
  readonly log: Logger;
  readonly isKnownAgent: DeliveryOptions['isKnownAgent'];
  readonly isConnected: (agentId: string) => boolean;
  readonly onSessionEnd: CreateStoreOptions['onSessionEnd'];
  readonly onHealth: (health: StoreHealth) => void;
  readonly onIncident: (incident: StoreIncident) => void;
}

/** A delivery engine that runs, and what its store shares among nodes. */
export interface StartedDelivery {
  readonly delivery: Delivery;
  readonly shared: SharedDirectory | undefined;
  /** The way to the other nodes, not open yet. */
  readonly nodeBus: NodeBus | undefined;
  /** Where the other nodes say whether they are ready. */
  readonly peerUrls: () => readonly string[];
}

const EVENT_ID_BYTES = 16;
/** Longest delay of one timer: whoever is called too early looks again. */
const TIMER_MS_MAX = 60_000;

/** Opens the store and begins. @throws ConfigError, StorageError that say what to do. */
export async function startDelivery(options: ServerDeliveryOptions): Promise<StartedDelivery> {
  const { log, limits, inbound, permissions, isKnownAgent, isConnected } = options;
  const wallClock = steadyClock({ wall: options.wallClock, monotonic: monotonicNow });
  const { store, openShared, nodeBus, peerUrls } = await createStore({ ...options, wallClock });
  const delivery = new Delivery({
    store,
    environment: systemEnvironment(wallClock),
    limits,
    inbound,
    permissions,
    isKnownAgent,
    isConnected,
    isShared: openShared !== undefined,
    onHealth: (health) => {
      log[health.status === 'ready' ? 'info' : 'error']('store', { status: health.status, reasons: health.reasons });
      options.onHealth(health);
    },
    onIncident: (incident) => {
      log.error('store: an incident', { code: incident.code, what: incident.message });
      options.onIncident(incident);
    },
  });
  await delivery.start();
  try {
    return { delivery, shared: await openShared?.(), nodeBus, peerUrls };
  } catch (error) {
    await delivery.stop();
    throw error;
  }
}

/** Time and chance of the system. */
export function systemEnvironment(wallClock: () => number): DeliveryEnvironment {
  return {
    now: monotonicNow,
    wallClock,
    random: Math.random,
    newEventId: () => toBase64Url(systemRandom(EVENT_ID_BYTES)),
    defer: queueMicrotask,
    schedule: (delayMs, run) => {
      const timer = startTimer(run, Math.min(delayMs, TIMER_MS_MAX));
      timer.unref();
      return { cancel: () => stopTimer(timer) };
    },
  };
}
