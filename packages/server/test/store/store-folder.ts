/** What tests of store files share: a folder, stores over its file, children that use it, and the checker of receipts. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from '@jest/globals';
import { testProgramWords } from '@sealane/node/testing';
import { SqliteStore, type QueueEntry, type SqliteStoreOptions, type Store } from '../../src/store/index.ts';
import { Ears } from '../../src/store/testing/harness.compliance.ts';
import { bodyOfNumber } from './child-event.ts';

const CHILD = fileURLToPath(new URL('./store-child.ts', import.meta.url));

export class StoreFolder {
  readonly folder: string;
  readonly file: string;
  readonly #children: StoreChild[] = [];
  readonly #stores: SqliteStore[] = [];

  constructor(folder = mkdtempSync(join(tmpdir(), 'sealane-store-'))) {
    this.folder = folder;
    this.file = join(folder, 'store.db');
  }

  /** An open store over the file. */
  async open(options: SqliteStoreOptions = {}): Promise<{ readonly store: SqliteStore; readonly ears: Ears }> {
    const store = new SqliteStore(this.file, { diskFloorBytes: 0, ...options });
    const ears = new Ears();
    await store.open(ears);
    this.#stores.push(store);
    return { store, ears };
  }

  /** @param options.wrap a command that runs it. */
  child(
    options: { readonly inFlight?: number; readonly mode?: string; readonly wrap?: readonly string[] } = {},
  ): StoreChild {
    const { inFlight = 32, mode = '', wrap = [] } = options;
    const child = new StoreChild([this.file, 'sender', String(inFlight), mode], wrap);
    this.#children.push(child);
    return child;
  }

  /** Nothing uses the file any more. */
  async end(): Promise<void> {
    for (const child of this.#children) await child.kill();
    for (const store of this.#stores) await store.close().catch(() => undefined);
  }

  async remove(): Promise<void> {
    await this.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** `store-child.ts` as a process. */
export class StoreChild {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  stderr = '';
  #output = '';

  constructor(words: readonly string[], wrap: readonly string[]) {
    const line = [...wrap, process.execPath, ...testProgramWords(CHILD), ...words];
    const [program = '', ...rest] = line;
    this.process = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.process.stdout?.on('data', (chunk: Buffer) => (this.#output += chunk.toString('latin1')));
    this.process.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = once(this.process, 'close').then(([code]) => code as number | null);
  }

  /** Whole lines so far. */
  get lines(): readonly string[] {
    return this.#output.split('\n').slice(0, -1);
  }

  linesOf(word: string): readonly string[] {
    return this.lines.filter((line) => line.startsWith(`${word} `));
  }

  /** Numbers with a receipt. */
  get stored(): readonly number[] {
    return this.linesOf('stored').map((line) => Number(line.split(' ')[1]));
  }

  /** PID of the process that has the store, however it was wrapped. */
  get pid(): number {
    return Number(this.linesOf('open')[0]?.split(' ')[1]);
  }

  /** Waits until what is asked for is so. */
  async until(condition: () => boolean, timeoutMs = 60_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!condition()) {
      if (Date.now() > end) throw new Error(`waited for nothing: ${this.lines.slice(-5).join(' | ')} ${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const pid = this.pid;
    if (Number.isInteger(pid) && isRunning(pid)) process.kill(pid, 'SIGKILL');
    this.process.kill('SIGKILL');
    await this.ended;
  }
}

/** Everything that waits in the queue of `receiver`, in order. */
export async function readReceiver(store: Store): Promise<readonly QueueEntry[]> {
  const { queueId } = await store.openQueue({ kind: 'agent', agentId: 'receiver' });
  const lease = await store.claimAgent('receiver', 'main');
  const entries: QueueEntry[] = [];
  for (let after = 0; ;) {
    const items = await store.read(queueId, { after, limit: 1_000, bytesMax: 10_000_000 }, lease);
    for (const item of items) if (item.kind === 'event') entries.push(item);
    const last = items.at(-1);
    if (last === undefined) return entries;
    after = last.kind === 'event' ? last.sequence : last.to;
  }
}

/** Every number with a receipt is there once, whole, in order, and nothing else than what was published. */
export function checkReceipts(entries: readonly QueueEntry[], stored: Iterable<number>, settledTo = 0): void {
  const numbers = entries.map(({ id }) => Number(id.split('-').at(-1)));
  const there = new Set(numbers);
  expect(there.size).toBe(numbers.length);
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  const missing = [...stored].filter((number) => number > settledTo && !there.has(number));
  expect(missing).toEqual([]);
  for (const [index, { body }] of entries.entries()) {
    expect(Buffer.from(body).toString()).toBe(bodyOfNumber(numbers[index] ?? 0));
  }
}

function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}
