/**
 * BugHunt: for each bug a run of its tests without it, which has to be green, and one with it, which has to be red. Runs
 * without bugs are shared by bugs of the same tests.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { plant, rowsOf, type PlantedBug } from './planted-bug.ts';
import { SourceCopy } from './source-copy.ts';
import { runTests, type TestRun } from './test-run.ts';

/** What became of a bug. */
export interface HuntedBug {
  readonly bug: PlantedBug;
  readonly verdict: 'seen' | 'not seen' | 'does not apply' | 'breaks the sources' | 'red without it' | 'left out';
  /** The test that saw it, or what went wrong. */
  readonly told: string;
  readonly seconds: number;
}

export class BugHunt {
  readonly #without = new Map<string, Promise<TestRun>>();
  readonly #onHunted: (hunted: HuntedBug) => void;
  readonly #stop: AbortSignal;

  /** @param stop no bug is begun after it. */
  constructor(onHunted: (hunted: HuntedBug) => void, stop: AbortSignal) {
    this.#onHunted = onHunted;
    this.#stop = stop;
  }

  /** @param options.jobs bugs at one time. */
  async run(
    bugs: readonly PlantedBug[],
    { jobs, ref }: { readonly jobs: number; readonly ref: string | undefined },
  ): Promise<readonly HuntedBug[]> {
    const waiting = [...bugs.entries()];
    const hunted: HuntedBug[] = [];
    const work = async (): Promise<void> => {
      const copy = SourceCopy.make(ref);
      try {
        for (let next = waiting.shift(); next !== undefined && !this.#stop.aborted; next = waiting.shift()) {
          const [index, bug] = next;
          const found = await this.#hunt(bug, copy);
          hunted[index] = found;
          this.#onHunted(found);
        }
      } finally {
        copy.remove();
      }
    };
    await Promise.all(Array.from({ length: Math.min(jobs, bugs.length) }, work));
    return hunted;
  }

  async #hunt(bug: PlantedBug, copy: SourceCopy): Promise<HuntedBug> {
    if (bug.needs !== undefined && !isInstalled(bug.needs)) {
      return { bug, verdict: 'left out', told: `${bug.needs} is not installed`, seconds: 0 };
    }
    const text = copy.read(bug.file);
    let planted: string;
    try {
      planted = plant(bug, text);
    } catch (error) {
      return { bug, verdict: 'does not apply', told: String(error), seconds: 0 };
    }
    const without = await this.#runWithout(bug, copy);
    if (without.end !== 'green')
      return { bug, verdict: 'red without it', told: without.told, seconds: without.seconds };
    copy.write(bug.file, planted);
    const { end, told, seconds } = await runTests(copy.folder, { ...bug, ids: rowsOf(bug) }, this.#stop);
    copy.write(bug.file, text);
    const verdict = end === 'red' ? 'seen' : end === 'broken' ? 'breaks the sources' : 'not seen';
    return { bug, verdict, told, seconds };
  }

  #runWithout(bug: PlantedBug, copy: SourceCopy): Promise<TestRun> {
    const key = [...bug.tests, bug.title ?? ''].join(' ');
    let run = this.#without.get(key);
    if (run === undefined) this.#without.set(key, (run = runTests(copy.folder, { ...bug, ids: [] }, this.#stop)));
    return run;
  }
}

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}
