/** PlantedBug: mistakes that the simulator can put into a world, to prove that its checker finds them. */

export const PLANTED_BUGS = [
  /** A disk confirms what it has not written yet. */
  'ack-before-store',
  /** A store that was started again knows no outbox any more: what is sent again is stored again. */
  'dedup-forgotten',
  /** An agent writes down that it is done before its handler has the event. */
  'cursor-before-delivery',
  /** An agent that was started again does not know what it was done with. */
  'inbox-forgotten',
  /** A store confirms acks that it does not keep. */
  'acks-dropped',
  /** A store hands entries out in the wrong order. */
  'order-swapped',
  /** What was delivered before a crash counts as never delivered. */
  'delivered-forgotten',
  /** A byte of a body changes, and nobody looks. */
  'byte-changed',
  /** A store listens to whoever was replaced. */
  'no-fencing',
  /** A program throws in a microtask, where nobody catches. */
  'stray-throw',
  /** A promise fails that nobody waits for. */
  'stray-rejection',
] as const;

export type PlantedBug = (typeof PLANTED_BUGS)[number];
