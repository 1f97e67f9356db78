/**
 * Progress of long work: a bar on a terminal, a plain line every few seconds elsewhere. Sizes, rate and time left come
 * from the bytes reported; nothing is shown with --no-progress, --quiet or --json.
 */
import { escapeText } from '@sealane/shared/bytes';
import type { TerminalStream } from './output.ts';

/** Progress of one piece of work. */
export interface Progress {
  /** @param doneBytes in all, those of an earlier attempt included. */
  update(doneBytes: number): void;
  /** Ends the display; twice is harmless. */
  stop(): void;
}

interface ProgressOptions {
  readonly stream: TerminalStream;
  /** What is under way; a peer's text is escaped here. */
  readonly label: string;
  readonly totalBytes: number;
  /** Bytes that an earlier attempt brought: they count as done, not into the rate. */
  readonly startBytes?: number;
  readonly enabled: boolean;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

const LINE_INTERVAL_MS = 5_000;
const BAR_INTERVAL_MS = 100;
/** The rate is that of about the last five seconds. */
const RATE_WINDOW_MS = 5_000;
const LABEL_CHARACTERS_MAX = 40;

/** Starts the display. */
export async function startProgress(options: ProgressOptions): Promise<Progress> {
  if (!options.enabled) return { update: () => undefined, stop: () => undefined };
  const meter = new RateMeter(options.startBytes ?? 0, options.now ?? performance.now.bind(performance));
  const label = escapeText(options.label).slice(0, LABEL_CHARACTERS_MAX);
  return options.stream.isTTY === true ? await startBar(options, meter, label) : startLines(options, meter, label);
}

async function startBar(
  { stream, totalBytes, startBytes = 0 }: ProgressOptions,
  meter: RateMeter,
  label: string,
): Promise<Progress> {
  const { default: progress } = await import('cli-progress');
  const wide = (stream.columns ?? 80) >= 80;
  const bar = new progress.SingleBar({
    stream,
    format: wide ? `{label} [{bar}] {percentage}% {text}` : '{percentage}% {text}',
    barCompleteChar: '#',
    barIncompleteChar: '-',
    barsize: 24,
    fps: 1_000 / BAR_INTERVAL_MS,
    hideCursor: null,
    clearOnComplete: false,
    gracefulExit: false,
    emptyOnZero: true,
  });
  bar.start(totalBytes, startBytes, { label, text: describe(startBytes, totalBytes, 0) });
  let doneBytes = startBytes;
  return {
    update(bytes) {
      doneBytes = bytes;
      bar.update(bytes, { text: describe(bytes, totalBytes, meter.update(bytes)) });
    },
    stop() {
      bar.update(doneBytes);
      bar.stop();
    },
  };
}

function startLines(
  { stream, totalBytes, now, startBytes = 0 }: ProgressOptions,
  meter: RateMeter,
  label: string,
): Progress {
  const clock = now ?? performance.now.bind(performance);
  let lastLineMs = clock();
  let doneBytes = startBytes;
  let shownBytes = -1;
  const line = (rate: number): void => {
    shownBytes = doneBytes;
    const percent = totalBytes === 0 ? 100 : Math.floor((doneBytes / totalBytes) * 100);
    stream.write(`${label}: ${percent}% ${describe(doneBytes, totalBytes, rate)}\n`);
  };
  return {
    update(bytes) {
      doneBytes = bytes;
      const rate = meter.update(bytes);
      if (clock() - lastLineMs < LINE_INTERVAL_MS) return;
      lastLineMs = clock();
      line(rate);
    },
    stop() {
      if (shownBytes !== doneBytes) line(meter.update(doneBytes));
    },
  };
}

/** Bytes a second over a sliding window. */
class RateMeter {
  readonly #now: () => number;
  readonly #samples: { atMs: number; bytes: number }[] = [];

  constructor(startBytes: number, now: () => number) {
    this.#now = now;
    this.#samples.push({ atMs: now(), bytes: startBytes });
  }

  /** @returns bytes a second, 0 while nothing can be said. */
  update(bytes: number): number {
    const atMs = this.#now();
    const last = this.#samples.at(-1);
    // A sample every interval is enough; more would only cost memory.
    if (last === undefined || atMs - last.atMs >= BAR_INTERVAL_MS) this.#samples.push({ atMs, bytes });
    while (this.#samples.length > 2 && atMs - (this.#samples[1]?.atMs ?? atMs) > RATE_WINDOW_MS) this.#samples.shift();
    const first = this.#samples[0];
    if (first === undefined || atMs <= first.atMs) return 0;
    return Math.max(0, ((bytes - first.bytes) * 1_000) / (atMs - first.atMs));
  }
}

/** `12.3 MiB of 33.0 MiB, 4.1 MiB/s, 0:05 left`. */
function describe(doneBytes: number, totalBytes: number, rate: number): string {
  const parts = [`${showBytes(doneBytes)} of ${showBytes(totalBytes)}`];
  if (rate > 0) parts.push(`${showBytes(rate)}/s`);
  if (rate > 0 && doneBytes < totalBytes) parts.push(`${showSeconds((totalBytes - doneBytes) / rate)} left`);
  return parts.join(', ');
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A size for people: `512 B`, `1.5 MiB`. */
export function showBytes(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 2 ** (10 * power);
  return `${power === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[power] ?? 'B'}`;
}

/** A time for people: `0:05`, `1:02:03`. */
export function showSeconds(seconds: number): string {
  const whole = Math.min(359_999, Math.ceil(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${hours > 0 ? String(minutes).padStart(2, '0') : minutes}:${String(rest).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}
