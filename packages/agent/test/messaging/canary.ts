/** Looks for secrets where none may be: in files, in what was said, in what travelled, in the memory of a process. */
import { readFileSync, readdirSync, openSync, closeSync, readSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';

/** Secrets by what they are. */
export type Secrets = Readonly<Record<string, string>>;

/** Bytes by where they were. */
export type Places = ReadonlyMap<string, Uint8Array>;

/** What of a memory is looked at in one piece, small enough for the caches, and how much of the piece before with it. */
const PIECE_BYTES = 2 ** 18;
const OVERLAP_BYTES = 4_096;

/** How much of a form is looked for first. */
const BEGINNING_BYTES = 8;

/** A secret as UTF-8, as JavaScript's strings of two bytes a character, as hex, and as Base64 at each of its three offsets. */
function formsOf(secret: string): readonly Buffer[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replaceAll('=', '');
    // The first and the last characters hold bits of what stands around it.
    return Buffer.from(text.slice(offset === 0 ? 0 : offset + 1, -1));
  });
  return [bytes, Buffer.from(secret, 'utf16le'), Buffer.from(bytes.toString('hex')), ...base64];
}

/** Looks for secrets in one pass for all of their forms that begin alike, as those of canaries do. */
class Search {
  readonly #byBeginning = new Map<string, [name: string, form: Buffer][]>();

  constructor(secrets: Secrets) {
    for (const [name, secret] of Object.entries(secrets)) {
      for (const form of formsOf(secret)) {
        const beginning = form.toString('latin1', 0, BEGINNING_BYTES);
        this.#byBeginning.set(beginning, [...(this.#byBeginning.get(beginning) ?? []), [name, form]]);
      }
    }
  }

  /** The name of each secret that stands in the bytes. */
  namesIn(bytes: Buffer): ReadonlySet<string> {
    const names = new Set<string>();
    for (const [beginning, forms] of this.#byBeginning) {
      const start = Buffer.from(beginning, 'latin1');
      for (let at = bytes.indexOf(start); at !== -1; at = bytes.indexOf(start, at + 1)) {
        for (const [name, form] of forms) if (bytes.subarray(at, at + form.length).equals(form)) names.add(name);
      }
    }
    return names;
  }
}

/** @returns the name of each secret that stands somewhere, with where. */
export function found(secrets: Secrets, places: Places): readonly string[] {
  const search = new Search(secrets);
  const hits = [...places].flatMap(([place, bytes]) => {
    const names = search.namesIn(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    return [...names].map((name) => `${name} in ${place}`);
  });
  return hits.sort();
}

/** Every file below a folder nobody writes to meanwhile: one that is moved while they are listed would be missed. Links not followed. */
export function filesBelow(folder: string): Places {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    entries.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name))] as const),
  );
}

/** @returns the name of each secret that stands in the memory of a process, which is stopped meanwhile. Linux only. */
export function foundInMemory(secrets: Secrets, pid: number): readonly string[] {
  const search = new Search(secrets);
  const hits = new Set<string>();
  process.kill(pid, 'SIGSTOP');
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    const piece = Buffer.alloc(PIECE_BYTES);
    for (const [start, end] of writableRanges(pid)) {
      for (let at = start; at < end; at += PIECE_BYTES - OVERLAP_BYTES) {
        const size = Math.min(PIECE_BYTES, end - at);
        const bytes = piece.subarray(0, readOrNothing(memory, piece, size, at));
        for (const name of search.namesIn(bytes)) hits.add(name);
        if (size < PIECE_BYTES) break;
      }
    }
  } finally {
    closeSync(memory);
    process.kill(pid, 'SIGCONT');
  }
  return [...hits].sort();
}

/** Where a program keeps what it has: not its code, and not what no read reaches. */
function writableRanges(pid: number): readonly (readonly [start: number, end: number])[] {
  const lines = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [, start = '', end = ''] = /^([0-9a-f]+)-([0-9a-f]+) rw.. (?!.*\[v)/.exec(line) ?? [];
    return start === '' ? [] : [[Number.parseInt(start, 16), Number.parseInt(end, 16)] as const];
  });
}

function readOrNothing(memory: number, into: Buffer, size: number, at: number): number {
  try {
    return readSync(memory, into, 0, size, at);
  } catch {
    return 0;
  }
}

/** A way to a server on which everything that passes is kept. */
export class WireTap {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  readonly #passed: Buffer[] = [];

  private constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.push(from);
        from.on('data', (chunk) => this.#passed.push(chunk));
        from.on('error', () => to.destroy());
        from.pipe(to);
      }
    });
  }

  static async start(port: number): Promise<WireTap> {
    const tap = new WireTap(port);
    tap.#server.listen(0, '127.0.0.1');
    await once(tap.#server, 'listening');
    return tap;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get passed(): Buffer {
    return Buffer.concat(this.#passed);
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
