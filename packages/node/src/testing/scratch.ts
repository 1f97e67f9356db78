/** Scratch: files for decoders under test that read files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PRIVATE_FILE_MODE = 0o600;

/** A temporary folder (`folder`), made when it is first asked for and gone after `remove`. */
export class Scratch {
  #folder: string | undefined;

  get folder(): string {
    return (this.#folder ??= mkdtempSync(join(tmpdir(), 'sealane-fuzz-')));
  }

  /** The path of a file with this content. */
  file(name: string, content: Uint8Array): string {
    const path = join(this.folder, name);
    writeFileSync(path, content, { mode: PRIVATE_FILE_MODE });
    return path;
  }

  remove(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }
}
