/** bench: how many requests a second this machine and the server do, and how long one takes. */
import { byteCount, durationMs, integer, setting } from '@sealane/node/config';
import { defineCommand } from '@sealane/node/cli';
import type { Agent } from '../agent/index.ts';
import { connectionSettings } from './connection-settings.ts';
import { withAgent } from './connection.ts';
import { MESSAGE_REQUEST, roundMs } from './exchange.ts';

/** Latencies kept for the percentiles; later ones replace earlier ones at random places. */
const SAMPLES_MAX = 100_000;

export const benchCommand = defineCommand({
  name: 'bench',
  summary: 'Measure requests per second and their latency over one connection.',
  settings: {
    ...connectionSettings,
    duration: setting(durationMs({ plainUnit: 's', minMs: 10, maxMs: 3_600_000 }), {
      help: 'How long.',
      default: 3_000,
    }),
    concurrency: setting(integer({ min: 1, max: 1_024 }), { help: 'Requests under way at once.', default: 64 }),
    size: setting(byteCount({ min: 0, max: 131_072 }), { help: 'Bytes of a request and its reply.', default: 64 }),
  },
  examples: ['bench', 'bench --concurrency 1 --size 1KiB --duration 10 --json'],
  async run(context) {
    const { settings, output } = context;
    const { duration, concurrency, size } = settings;
    const result = await withAgent(context, {}, (agent, signal) => measure(agent, { ...settings, signal }));
    const { requests, requestsPerSecond, p50Ms, p99Ms, maxMs } = result;
    await output.emit(
      { event: 'bench', durationMs: duration, concurrency, sizeBytes: size, ...result },
      `${requests} requests of ${size} bytes, ${concurrency} at once: ${requestsPerSecond.toFixed(0)}/s, ` +
        `p50 ${p50Ms.toFixed(3)} ms, p99 ${p99Ms.toFixed(3)} ms, max ${maxMs.toFixed(3)} ms`,
    );
  },
});

interface BenchResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

async function measure(
  agent: Agent,
  options: {
    readonly duration: number;
    readonly concurrency: number;
    readonly size: number;
    readonly signal: AbortSignal;
  },
): Promise<BenchResult> {
  const body = new Uint8Array(options.size);
  const samples: number[] = [];
  let requests = 0;
  const startedAt = performance.now();
  const endsAt = startedAt + options.duration;
  const worker = async (): Promise<void> => {
    for (let now = performance.now(); now < endsAt && !options.signal.aborted;) {
      await agent.request(MESSAGE_REQUEST, body);
      const done = performance.now();
      if (samples.length < SAMPLES_MAX) samples.push(done - now);
      else samples[Math.floor(Math.random() * SAMPLES_MAX)] = done - now;
      requests += 1;
      now = done;
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  options.signal.throwIfAborted();
  const elapsedMs = performance.now() - startedAt;
  samples.sort((left, right) => left - right);
  return {
    requests,
    requestsPerSecond: Math.round((requests / elapsedMs) * 1_000),
    p50Ms: percentile(samples, 0.5),
    p99Ms: percentile(samples, 0.99),
    maxMs: percentile(samples, 1),
  };
}

/** Of sorted samples; 0 of none. */
function percentile(sorted: readonly number[], part: number): number {
  return roundMs(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
}
