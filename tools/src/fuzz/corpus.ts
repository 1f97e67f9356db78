/** The corpus on the disk: a folder for each decoder, a file for each input, named after its content. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CRASH_PREFIX = 'crash-';
const SUFFIX = '.bin';
const NAME_CHARACTERS = 12;

/** One input. */
export interface CorpusFile {
  readonly file: string;
  readonly input: Uint8Array;
}

export class Corpus {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Inputs of a decoder, by name of the file. */
  read(decoder: string): readonly CorpusFile[] {
    const folder = join(this.#folder, decoder);
    if (!existsSync(folder)) return [];
    const names = readdirSync(folder).filter((name) => name.endsWith(SUFFIX));
    return names.sort().map((name) => ({
      file: join(folder, name),
      input: Uint8Array.from(readFileSync(join(folder, name))),
    }));
  }

  /** Keeps an input that broke a decoder. @returns its file. */
  keepCrash(decoder: string, input: Uint8Array): string {
    return this.#write(decoder, `${CRASH_PREFIX}${nameOf(input)}`, input);
  }

  /** Makes the files of a decoder anew; those of crashes stay. */
  replace(decoder: string, inputs: readonly Uint8Array[]): void {
    const folder = join(this.#folder, decoder);
    const old = existsSync(folder) ? readdirSync(folder) : [];
    for (const name of old) if (!name.startsWith(CRASH_PREFIX)) rmSync(join(folder, name));
    for (const input of inputs) this.#write(decoder, nameOf(input), input);
  }

  #write(decoder: string, name: string, input: Uint8Array): string {
    const folder = join(this.#folder, decoder);
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${name}${SUFFIX}`);
    writeFileSync(file, input);
    return file;
  }
}

function nameOf(input: Uint8Array): string {
  return createHash('sha256').update(input).digest('hex').slice(0, NAME_CHARACTERS);
}
