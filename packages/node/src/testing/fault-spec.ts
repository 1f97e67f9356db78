/**
 * What a way does to the bytes on it: as data, and as text for a command line. Offsets count the bytes of a connection in one
 * direction, frames are those of docs/protocols/records.md §1; both from 0, the handshake included. Nothing is decrypted.
 */
import type { Dice } from '@sealane/shared/testing';

/** Faults by name, with the least and the most they may be given. */
export const FAULTS = {
  latencyMs: { min: 0, max: 600_000, help: 'every byte comes so much later' },
  jitterMs: { min: 0, max: 600_000, help: 'and up to so much later again; the order stays' },
  bytesPerSecond: { min: 1, max: 1e12, help: 'no more than this' },
  sliceBytes: { min: 1, max: 1_048_576, help: 'in pieces of 1 to so many bytes; 1: byte by byte' },
  corruptByte: { min: 0, max: 1e15, help: 'one bit of this byte is turned' },
  duplicateByte: { min: 0, max: 1e15, help: 'from this byte on, up to 1,460 bytes come twice' },
  resetByte: { min: 0, max: 1e15, help: 'instead of this byte, the connection is reset' },
  endByte: { min: 0, max: 1e15, help: 'instead of this byte, this direction ends; the other goes on' },
  silenceByte: { min: 0, max: 1e15, help: 'from this byte on nothing comes, and no end either' },
  dropFrame: { min: 0, max: 1e12, help: 'this frame is left out' },
  replayFrame: { min: 0, max: 1e12, help: 'this frame comes twice' },
  swapFrame: { min: 0, max: 1e12, help: 'this frame comes after the next one' },
} as const;

export type FaultName = keyof typeof FAULTS;

/** Faults of a direction. A pair is drawn from for each connection, both ends included. */
export type FaultSpec = Readonly<Partial<Record<FaultName, number | readonly [min: number, max: number]>>>;

/** Faults of one direction of one connection. */
export type LaneFaults = Readonly<Partial<Record<FaultName, number>>>;

/** Faults of both directions. */
export interface DirectedFaults {
  readonly toServer?: FaultSpec;
  readonly toAgent?: FaultSpec;
}

const NAMES = Object.keys(FAULTS) as readonly FaultName[];
const DIRECTION = /^(to-server|to-agent):/;

/** What `parseFaults` understands, one fault a line. */
export const FAULT_HELP = NAMES.map((name) => `  ${kebab(name).padEnd(17)} ${FAULTS[name].help}`).join('\n');

/** Draws what is given as a pair. Every fault is asked for in the same order, so that one seed means one plan. */
export function drawFaults(spec: FaultSpec, dice: Dice): LaneFaults {
  const drawn = NAMES.flatMap((name) => {
    const value = spec[name];
    if (value === undefined) return [];
    return [[name, typeof value === 'number' ? value : dice.whole(value[0], value[1])]];
  });
  return Object.fromEntries(drawn) as LaneFaults;
}

/**
 * Reads `latency-ms=50,to-agent:reset-byte=10000-90000`; without a direction a fault holds for both.
 *
 * @throws TypeError that names what was not understood.
 */
export function parseFaults(text: string): DirectedFaults {
  const toServer: Record<string, FaultSpec[FaultName]> = {};
  const toAgent: Record<string, FaultSpec[FaultName]> = {};
  for (const part of text.split(',')) {
    const direction = DIRECTION.exec(part.trim())?.[1];
    const [word = '', amount = ''] = part.trim().replace(DIRECTION, '').split('=');
    const name = NAMES.find((each) => kebab(each) === word);
    if (name === undefined)
      throw new TypeError(`There is no fault "${word}"; there are ${NAMES.map(kebab).join(', ')}`);
    const value = parseAmount(name, amount);
    if (direction !== 'to-agent') toServer[name] = value;
    if (direction !== 'to-server') toAgent[name] = value;
  }
  return { toServer, toAgent };
}

function parseAmount(name: FaultName, text: string): number | readonly [number, number] {
  const { min, max } = FAULTS[name];
  const numbers = text.split('-').map((part) => (/^\d+$/.test(part) ? Number(part) : Number.NaN));
  const [low = Number.NaN, high = low] = numbers;
  if (numbers.length > 2 || !(low >= min && high <= max && low <= high))
    throw new TypeError(`${kebab(name)} expected a number from ${min} to ${max}, or two as in 10-20; got "${text}"`);
  return numbers.length === 1 ? low : [low, high];
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
