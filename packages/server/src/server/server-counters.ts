/** The counters of a server at one moment, as its library and its metrics show them (rule 7). */
import type { DeliveryCounters } from '../delivery/index.ts';
import type { NodeRelayCounts } from '../handlers/index.ts';
import type { InboundCounts } from '../limits/index.ts';
import type { Connections } from './connections.ts';

/** What became of events since the start. */
export interface EventCounters {
  readonly published: { readonly stored: number; readonly duplicates: number };
  /** Refused events by code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Deliveries, and those of them that were repetitions. */
  readonly delivered: number;
  readonly redelivered: number;
  readonly acked: number;
  readonly nacked: number;
  readonly ackTimeouts: number;
  readonly expired: number;
  /** Events that became dead letters, by what they failed of last. */
  readonly deadLettered: Readonly<Record<string, number>>;
  /** Acks that counted for nothing, by reason. */
  readonly acksRefused: Readonly<Record<string, number>>;
}

/** Counters at one moment. */
export interface ServerCounters {
  /** Sockets taken. */
  readonly accepted: number;
  /** Sockets refused or closed at their first bytes, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  readonly handshakes: { readonly succeeded: number; readonly failed: Readonly<Record<string, number>> };
  /** Agents that enrolled, by how. */
  readonly enrolled: Readonly<Record<string, number>>;
  /** Sessions that were open and ended, by reason or code. */
  readonly disconnected: Readonly<Record<string, number>>;
  readonly connections: { readonly handshaking: number; readonly open: number; readonly closing: number };
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly requests: number;
  /** Bytes that came and are not done with, of all connections, and what came of having too many. */
  readonly inbound: InboundCounts;
  /** Requests from agent to agent that wait for their answer. */
  readonly relaysUnderWay: number;
  /** Requests of agents at other nodes that are at work here. */
  readonly relaysServed: number;
  /** Messages of other nodes that were dropped, by reason; empty where there are no others. */
  readonly nodeMessagesDropped: Readonly<Record<string, number>>;
  readonly events: EventCounters;
  /** Faults of handlers and of this program. */
  readonly faults: number;
  /** Sources of connections, and sources with failed handshakes, that are remembered now. */
  readonly addresses: number;
  readonly failingAddresses: number;
}

/** Puts the counters together; costs one walk over the connections. */
export function countersOf(
  connections: Connections,
  options: {
    readonly delivery: DeliveryCounters;
    readonly relaysUnderWay: number;
    readonly nodeRelay: NodeRelayCounts | undefined;
  },
): ServerCounters {
  const { totals, all, gateCounts } = connections;
  const { delivery, relaysUnderWay, nodeRelay } = options;
  const states = { handshaking: 0, open: 0, closing: 0 };
  let requests = totals.requests;
  let bytesIn = totals.bytesIn;
  let bytesOut = totals.bytesOut;
  for (const connection of all) {
    states[connection.isOver ? 'closing' : connection.wasOpen ? 'open' : 'handshaking'] += 1;
    requests += connection.requests;
    bytesIn += connection.bytesIn;
    bytesOut += connection.bytesOut;
  }
  return {
    accepted: totals.accepted,
    refused: totals.refused.toObject(),
    handshakes: { succeeded: totals.handshakesSucceeded, failed: totals.handshakesFailed.toObject() },
    enrolled: totals.enrolled.toObject(),
    disconnected: totals.disconnected.toObject(),
    connections: states,
    bytesIn,
    bytesOut,
    requests,
    inbound: connections.inbound.counts,
    relaysUnderWay,
    relaysServed: nodeRelay?.served ?? 0,
    nodeMessagesDropped: { ...nodeRelay?.dropped },
    events: eventCountersOf(delivery),
    faults: totals.faults,
    addresses: gateCounts.addresses,
    failingAddresses: gateCounts.failingAddresses,
  };
}

function eventCountersOf(counters: DeliveryCounters): EventCounters {
  const { stored, duplicates, refused, delivered, redelivered, acked, nacked, ackTimeouts, expired } = counters;
  return {
    published: { stored, duplicates },
    refused: Object.fromEntries(refused),
    delivered,
    redelivered,
    acked,
    nacked,
    ackTimeouts,
    expired,
    deadLettered: { ...counters.deadLettered },
    acksRefused: { ...counters.acksRefused },
  };
}
