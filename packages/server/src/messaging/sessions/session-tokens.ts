/**
 * SessionTokens: JWTs (RFC 7519) for the ways in that have no connection of their own: EdDSA and nothing else, a key for each
 * month, and no token that outlives its session.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { SignJWT, errors, jwtVerify } from 'jose';
import { assert } from '@sealane/shared/errors';
import { CallError } from '../call-error.ts';
import type { ServiceStore } from '../store/service-store.ts';

export interface SessionTokensOptions {
  readonly store: Pick<ServiceStore, 'ask'>;
  readonly wallClock: () => number;
}

/** Whom tokens are for. */
export interface TokenSubject {
  /** Base64url. */
  readonly accountId: string;
  readonly agentId: string;
  readonly sessionId: string;
}

/** What a client gets. */
export interface IssuedTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** When the access token ends, unix time in ms. */
  readonly expiresAt: number;
}

export type TokenUse = 'access' | 'refresh';

interface TokenKey {
  readonly keyId: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly madeAt: number;
}

const ALGORITHM = 'EdDSA';
const ISSUER = 'sealane';
const ACCESS_MS = 900_000;
export const REFRESH_MS = 30 * 86_400_000;
/** A key signs for so long; it verifies until everything that it signed has ended. */
const KEY_MS = 30 * 86_400_000;

export class SessionTokens {
  readonly #options: SessionTokensOptions;
  #keys: readonly TokenKey[] = [];
  #making: Promise<TokenKey> | undefined;

  constructor(options: SessionTokensOptions) {
    this.#options = options;
  }

  /** @throws StorageError. */
  async start(): Promise<void> {
    const rows = await this.#options.store.ask('tokenKeys', undefined);
    this.#keys = rows.map(({ keyId, secret, madeAt }) => {
      const privateKey = createPrivateKey({ key: Buffer.from(secret), format: 'der', type: 'pkcs8' });
      return { keyId, privateKey, publicKey: createPublicKey(privateKey), madeAt };
    });
  }

  /** @param refreshId the id of the refresh token: the session knows the one that counts. @throws StorageError. */
  async issue(subject: TokenSubject, refreshId: string): Promise<IssuedTokens> {
    const now = this.#options.wallClock();
    const key = await this.#present();
    const expiresAt = now + ACCESS_MS;
    const sign = (use: TokenUse, id: string, endsAt: number): Promise<string> =>
      new SignJWT({ sid: subject.sessionId, agent: subject.agentId })
        .setProtectedHeader({ alg: ALGORITHM, kid: key.keyId, typ: 'JWT' })
        .setIssuer(ISSUER)
        .setAudience(audienceOf(use))
        .setSubject(subject.accountId)
        .setJti(id)
        .setIssuedAt(seconds(now))
        .setExpirationTime(seconds(endsAt))
        .sign(key.privateKey);
    const accessToken = await sign('access', randomUUID(), expiresAt);
    return { accessToken, refreshToken: await sign('refresh', refreshId, now + REFRESH_MS), expiresAt };
  }

  /**
   * Whom a token is for. Whether its session is still open is another question.
   *
   * @throws CallError `E_NOT_LOGGED_IN` for whatever is wrong with it.
   */
  async read(token: string, use: TokenUse): Promise<TokenSubject & { readonly tokenId: string }> {
    try {
      const { payload } = await jwtVerify(token, (header) => this.#keyOf(header.kid), {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: audienceOf(use),
        requiredClaims: ['sub', 'jti', 'exp', 'sid', 'agent'],
        currentDate: new Date(this.#options.wallClock()),
      });
      const { sub, jti, sid, agent } = payload;
      if (typeof sub !== 'string' || typeof jti !== 'string' || typeof sid !== 'string' || typeof agent !== 'string')
        throw new CallError('E_NOT_LOGGED_IN');
      return { accountId: sub, agentId: agent, sessionId: sid, tokenId: jti };
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof TypeError) throw new CallError('E_NOT_LOGGED_IN');
      throw error;
    }
  }

  #keyOf(keyId: string | undefined): KeyObject {
    const key = this.#keys.find((one) => one.keyId === keyId);
    if (key === undefined) throw new CallError('E_NOT_LOGGED_IN');
    return key.publicKey;
  }

  async #present(): Promise<TokenKey> {
    const [newest] = this.#keys;
    if (newest !== undefined && this.#options.wallClock() < newest.madeAt + KEY_MS) return newest;
    this.#making ??= this.#make().finally(() => (this.#making = undefined));
    return await this.#making;
  }

  async #make(): Promise<TokenKey> {
    const madeAt = this.#options.wallClock();
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const key = { keyId: randomUUID(), privateKey, publicKey, madeAt };
    const secret = Uint8Array.from(privateKey.export({ format: 'der', type: 'pkcs8' }));
    const droppedBefore = madeAt - KEY_MS - REFRESH_MS;
    await this.#options.store.ask('addTokenKey', { keyId: key.keyId, secret, madeAt, droppedBefore });
    this.#keys = [key, ...this.#keys.filter((one) => one.madeAt >= droppedBefore)];
    assert(this.#keys.length > 0, 'there is a key to sign with');
    return key;
  }
}

function audienceOf(use: TokenUse): string {
  return `sealane ${use}`;
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000);
}
