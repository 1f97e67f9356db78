/**
 * MemoryGroup: a control group of Linux with little memory, of version 1 or 2, whichever this machine has. A process that
 * needs more than it may have is killed by the kernel, as in a container.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { atExit } from '../ending/at-exit.ts';

/** What the processes of a group use. */
export interface MemoryUse {
  /** Everything that is counted, the page cache too, which the kernel takes back when it is needed. */
  readonly bytes: number;
  readonly peakBytes: number;
  /** Memory of the program itself. */
  readonly anonymousBytes: number;
  /** How often the limit was met, and memory had to be taken back. */
  readonly limitHits: number;
  readonly oomKills: number;
}

/** Where a version keeps what. */
interface Layout {
  readonly version: 1 | 2;
  readonly root: string;
  /** Files with limits and what is written to them, the first one must succeed. */
  readonly limits: (bytes: number) => readonly (readonly [file: string, value: string])[];
  readonly bytes: string;
  readonly peakBytes: string;
  /** A file and the word whose number is meant; without a word, the only number. */
  readonly anonymousBytes: readonly [file: string, word: string];
  readonly limitHits: readonly [file: string, word: string];
  readonly oomKills: readonly [file: string, word: string];
}

/** Memory with swap may have a page more: were both limits the same, the kernel would count only that the latter was met. */
const PAGE_BYTES = 4_096;

const LAYOUTS: readonly Layout[] = [
  {
    version: 2,
    root: '/sys/fs/cgroup',
    limits: (bytes) => [
      ['memory.max', String(bytes)],
      ['memory.swap.max', '0'],
    ],
    bytes: 'memory.current',
    peakBytes: 'memory.peak',
    anonymousBytes: ['memory.stat', 'anon'],
    limitHits: ['memory.events', 'max'],
    oomKills: ['memory.events', 'oom_kill'],
  },
  {
    version: 1,
    root: '/sys/fs/cgroup/memory',
    limits: (bytes) => [
      ['memory.limit_in_bytes', String(bytes)],
      ['memory.memsw.limit_in_bytes', String(bytes + PAGE_BYTES)],
    ],
    bytes: 'memory.usage_in_bytes',
    peakBytes: 'memory.max_usage_in_bytes',
    anonymousBytes: ['memory.stat', 'rss'],
    limitHits: ['memory.failcnt', ''],
    oomKills: ['memory.oom_control', 'oom_kill'],
  },
];

/** Joins the group and becomes the program that follows. */
const JOIN = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
const REMOVE_TRIES = 50;
const REMOVE_WAIT_MS = 20;

export class MemoryGroup {
  readonly version: 1 | 2;
  readonly #layout: Layout;
  readonly #directory: string;
  /** Its processes have to be over; the kernel may still need a moment. */
  readonly remove: () => void;

  private constructor(layout: Layout, directory: string) {
    this.version = layout.version;
    this.#layout = layout;
    this.#directory = directory;
    this.remove = atExit(() => removeGroup(directory));
  }

  /** @returns undefined where this process may make none. */
  static create(limitBytes: number): MemoryGroup | undefined {
    for (const layout of LAYOUTS) {
      const directory = join(layout.root, `sealane-siege-${process.pid}`);
      try {
        mkdirSync(directory);
      } catch {
        continue;
      }
      if (setLimits(directory, layout.limits(limitBytes))) return new MemoryGroup(layout, directory);
      rmdirSync(directory);
    }
    return undefined;
  }

  /** Words before those of a program that shall run in the group from its first instruction on. */
  get wrap(): readonly string[] {
    return ['sh', '-c', JOIN, this.#directory];
  }

  use(): MemoryUse {
    const { bytes, peakBytes, anonymousBytes, limitHits, oomKills } = this.#layout;
    return {
      bytes: this.#read(bytes, ''),
      peakBytes: this.#read(peakBytes, ''),
      anonymousBytes: this.#read(...anonymousBytes),
      limitHits: this.#read(...limitHits),
      oomKills: this.#read(...oomKills),
    };
  }

  #read(file: string, word: string): number {
    const text = readFileSync(join(this.#directory, file), 'utf8');
    return Number(new RegExp(word === '' ? '(\\d+)' : `^${word} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  }
}

/** Waits without letting go: at the end of this process nothing else may be waited for. */
function removeGroup(directory: string): void {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (let count = 0; count < REMOVE_TRIES && existsSync(directory); count++) {
    try {
      rmdirSync(directory);
    } catch {
      Atomics.wait(sleeper, 0, 0, REMOVE_WAIT_MS);
    }
  }
}

/** @returns whether the first limit, that of memory, holds; swap is not counted everywhere. */
function setLimits(directory: string, limits: ReturnType<Layout['limits']>): boolean {
  return limits
    .map(([file, value]) => {
      // Groups are folders that the kernel fills: a file that is not there is a limit that it does not have.
      if (!existsSync(join(directory, file))) return false;
      try {
        writeFileSync(join(directory, file), value);
        return true;
      } catch {
        return false;
      }
    })
    .slice(0, 1)
    .every(Boolean);
}
