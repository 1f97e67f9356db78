/**
 * PasswordHasher: Argon2id (RFC 9106) outside of the event loop, a bounded number at once. Passwords are kept as PHC strings, so
 * that parameters can grow; one that was made with weaker ones is made anew at the next login.
 */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { CallError } from '../call-error.ts';

/** Cost of one hash: 64 MiB, three passes, one lane. */
const COST = { memory: 65_536, passes: 3, parallelism: 1 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const VERSION = 19;
/** What is kept may cost this many times as much, from a server of stronger parameters, and no more (fault A10). */
const COST_TIMES_MAX = 4;
/** Of the four threads that Node.js has for such work two stay free for files. */
const WORKING_MAX = 2;
/** Those that wait longer than a second are refused instead. */
const WAITING_MAX = 16;
const RETRY_MS = 1_000;

const PHC =
  /^\$argon2id\$v=(\d+)\$m=(\d{1,8}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{1,128})\$([A-Za-z0-9+/]{1,128})$/;

interface Cost {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** What is computed of a password: Argon2id, unless a test counts the work. */
export type Derive = (
  password: string,
  parameters: Cost & { readonly salt: Uint8Array; readonly size: number },
) => Promise<Buffer>;

export class PasswordHasher {
  readonly #derive: Derive;
  /** Of nobody: it takes as long to fail as a real one. */
  readonly #decoy = phc(COST, randomBytes(SALT_BYTES), randomBytes(HASH_BYTES));
  readonly #waiting: (() => void)[] = [];
  #working = 0;

  constructor({ derive = deriveByArgon2 }: { readonly derive?: Derive } = {}) {
    this.#derive = derive;
  }

  /** Passwords that wait for their turn. */
  get queueLength(): number {
    return this.#waiting.length;
  }

  /** @returns the PHC string to keep. @throws CallError `E_BUSY`. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    return phc(COST, salt, await this.#inTurn(() => this.#derive(password, { ...COST, salt, size: HASH_BYTES })));
  }

  /**
   * @param kept gives what is kept of the account; undefined does the same work and fails. It is asked when the password's turn
   *   has come, so that who gets a turn says nothing about who has an account.
   * @returns whether it fits, and whether it is to be made anew.
   * @throws CallError `E_BUSY`; what `kept` throws.
   */
  async verify(
    password: string,
    kept: () => Promise<string | undefined>,
  ): Promise<{ readonly isRight: boolean; readonly isOutdated: boolean }> {
    return await this.#inTurn(async () => {
      const found = await kept();
      const known = parse(found ?? this.#decoy) ?? parse(this.#decoy);
      if (known === undefined) return { isRight: false, isOutdated: false };
      const { cost, salt, hash } = known;
      const derived = await this.#derive(password, { ...cost, salt, size: hash.length });
      const isRight = timingSafeEqual(derived, hash) && found !== undefined;
      const isOutdated = cost.memory < COST.memory || cost.passes < COST.passes;
      return { isRight, isOutdated };
    });
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#working >= WORKING_MAX) {
      if (this.#waiting.length >= WAITING_MAX) throw new CallError('E_BUSY', { retryAfterMs: RETRY_MS });
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#working += 1;
    try {
      return await work();
    } finally {
      // Its place is handed on, so that nobody comes in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#working -= 1;
      else next();
    }
  }
}

const deriveByArgon2: Derive = (password, { memory, passes, parallelism, salt, size }) => {
  const parameters = { message: password, nonce: salt, parallelism, tagLength: size, memory, passes };
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, derived) => {
      if (error === null) resolve(derived);
      else reject(error);
    });
  });
};

function phc({ memory, passes, parallelism }: Cost, salt: Uint8Array, hash: Uint8Array): string {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replaceAll('=', '');
  return `$argon2id$v=${VERSION}$m=${memory},t=${passes},p=${parallelism}$${text(salt)}$${text(hash)}`;
}

function parse(kept: string) {
  const [, version, memory, passes, parallelism, salt, hash] = PHC.exec(kept) ?? [];
  if (Number(version) !== VERSION || salt === undefined || hash === undefined) return undefined;
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  const isTooMuch = cost.memory * cost.passes > COST.memory * COST.passes * COST_TIMES_MAX || cost.parallelism > 16;
  if (isTooMuch) return undefined;
  return { cost, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
}
