/** The line that a terminal shows while a load runs. */
import type { FleetStatus } from '../agents/fleet.ts';
import { Histogram } from './histogram.ts';
import { number } from './report-text.ts';

const COLUMNS_DEFAULT = 80;
const CLEAR_LINE = '\r\u001b[K';

/** A stream as far as it is used: stderr. */
interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export class LiveLine {
  readonly #terminal: Terminal;
  readonly #agents: number;
  #before: { readonly status: FleetStatus; readonly atMs: number } | undefined;

  constructor(terminal: Terminal, agents: number) {
    this.#terminal = terminal;
    this.#agents = agents;
  }

  /** Shows a phase in words. */
  say(text: string): void {
    if (this.#terminal.isTTY !== true) return;
    this.#terminal.write(CLEAR_LINE + text.slice(0, (this.#terminal.columns ?? COLUMNS_DEFAULT) - 1));
  }

  /** Shows what happened since the last call. */
  show(status: FleetStatus, elapsedSeconds: number): void {
    const before = this.#before;
    const atMs = performance.now();
    this.#before = { status, atMs };
    if (before === undefined) return;
    const perSecond = (now: number, then: number): string =>
      number(Math.round((now - then) / ((atMs - before.atMs) / 1_000)));
    const { p99 } = sinceLast(status.latencies, before.status.latencies).percentiles();
    this.say(
      `${number(Math.round(elapsedSeconds))} s  ${number(status.connected)}/${number(this.#agents)} agents  ` +
        `out ${perSecond(status.published, before.status.published)}/s  ` +
        `in ${perSecond(status.deliveries, before.status.deliveries)}/s  p99 ${number(p99)} ms  ` +
        `waiting ${number(status.published - status.receipts)}`,
    );
  }

  end(): void {
    if (this.#terminal.isTTY === true) this.#terminal.write(CLEAR_LINE);
  }
}

function sinceLast(now: Histogram, before: Histogram): Histogram {
  const difference = new Histogram();
  difference.merge(now.counts.map((count, bucket) => count - (before.counts[bucket] ?? 0)));
  return difference;
}
