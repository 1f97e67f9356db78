/** Coverage: which parts of the sources ran that had not run before, as V8 counts them in this thread. */
import { Session, type Profiler } from 'node:inspector';

const SOURCES = /\/packages\/[^/]+\/src\//;

export class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** What ran since the last call and never before. */
  takeNew(): readonly string[] {
    return this.#take().filter((part) => !this.#seen.has(part));
  }

  /** As `takeNew`, and from now on it is nothing new. @returns whether there was anything. */
  learn(): boolean {
    const parts = this.takeNew();
    for (const part of parts) this.#seen.add(part);
    return parts.length > 0;
  }

  get size(): number {
    return this.#seen.size;
  }

  close(): void {
    this.#session.disconnect();
  }

  /** The inspector of the own thread answers at once. */
  #take(): readonly string[] {
    let scripts: readonly Profiler.ScriptCoverage[] = [];
    this.#session.post('Profiler.takePreciseCoverage', (error, taken) => {
      if (error === null) scripts = taken.result;
    });
    return scripts.filter(({ url }) => SOURCES.test(url)).flatMap(partsOf);
  }
}

function partsOf({ scriptId, functions }: Profiler.ScriptCoverage): readonly string[] {
  return functions.flatMap(({ ranges }) =>
    ranges
      .filter(({ count }) => count > 0)
      .map(({ startOffset, endOffset }) => `${scriptId}:${startOffset}:${endOffset}`),
  );
}
