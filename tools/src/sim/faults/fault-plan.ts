/**
 * FaultPlan: which faults a world has, and how often: a swarm, where each seed has some kinds and others not, because what
 * hides behind one fault shows without it.
 */
import type { Dice } from '@sealane/shared/testing';
import type { Weather } from '../network/pipe.ts';

/** Kinds of faults. */
export const FAULT_KINDS = [
  'cut',
  'half-open',
  'stall',
  'silence',
  'node-crash',
  'node-power-loss',
  'agent-crash',
  'agent-power-loss',
  'duplicate',
  'pause',
  'clock-jump',
  'slow-disk',
  'full-disk',
  'broken-disk',
  'slow-agent-disk',
  'broken-agent-disk',
  'lost-wake-up',
  'store-crash',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

export interface FaultPlan {
  readonly kinds: readonly FaultKind[];
  /** Between two faults, on average, ms. */
  readonly everyMs: number;
  /** How long faults happen, ms. */
  readonly durationMs: number;
  readonly weather: Weather;
  readonly diskMs: readonly [number, number];
  readonly agentDiskMs: readonly [number, number];
}

const KIND_CHANCE = 0.4;

export function faultPlan(dice: Dice): FaultPlan {
  const kinds = FAULT_KINDS.filter(() => dice.chance(KIND_CHANCE));
  const isSplit = dice.chance(0.3);
  const latency = dice.skewed(0.2, 60);
  return {
    kinds: kinds.length === 0 ? ['cut'] : kinds,
    everyMs: dice.skewed(500, 8_000),
    durationMs: dice.between(8_000, 24_000),
    weather: {
      latencyMs: [latency / 4, latency],
      splits: isSplit ? dice.fraction() : 0,
      pieceBytes: dice.pick([16, 100, 1_000]),
      bufferBytes: dice.pick([2_048, 65_536, 1_048_576]),
    },
    diskMs: dice.pick([
      [0, 0],
      [0.2, 2],
      [1, 30],
    ] as const),
    agentDiskMs: dice.pick([
      [0, 0],
      [0.1, 1],
      [1, 20],
    ] as const),
  };
}
