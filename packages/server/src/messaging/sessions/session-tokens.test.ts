import { beforeEach, describe, expect, it } from '@jest/globals';
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SignJWT, UnsecuredJWT, decodeJwt, decodeProtectedHeader, type JWTPayload } from 'jose';
import { MemoryMessagingStore } from '../store/memory-messaging-store.ts';
import { REFRESH_MS, SessionTokens } from './session-tokens.ts';

const SUBJECT = { accountId: 'abcd', agentId: 'alice.laptop', sessionId: 'session-1' };
const MINUTE_MS = 60_000;
const REFUSED = { code: 'E_NOT_LOGGED_IN' };

let store: MemoryMessagingStore;
let nowMs: number;
let tokens: SessionTokens;

async function restart(): Promise<SessionTokens> {
  const made = new SessionTokens({ store, wallClock: () => nowMs });
  await made.start();
  return made;
}

beforeEach(async () => {
  nowMs = Date.UTC(2026, 0, 1);
  store = new MemoryMessagingStore();
  await store.open(() => undefined);
  tokens = await restart();
});

/** The key that signs now. */
async function presentKey(): Promise<{ readonly keyId: string; readonly privateKey: KeyObject }> {
  const [row] = await store.ask('tokenKeys', undefined);
  if (row === undefined) throw new Error('there is no key');
  const privateKey = createPrivateKey({ key: Buffer.from(row.secret), format: 'der', type: 'pkcs8' });
  return { keyId: row.keyId, privateKey };
}

/** A token with the claims of a real one, but for some; undefined leaves one out. */
async function forged(
  { claims = {}, header = {} }: { readonly claims?: JWTPayload; readonly header?: Record<string, unknown> },
  key?: KeyObject | Uint8Array,
): Promise<string> {
  const { accessToken } = await tokens.issue(SUBJECT, 'refresh-1');
  const { keyId, privateKey } = await presentKey();
  const payload = Object.entries({ ...decodeJwt(accessToken), ...claims }).filter(([, value]) => value !== undefined);
  return await new SignJWT(Object.fromEntries(payload))
    .setProtectedHeader({ alg: 'EdDSA', kid: keyId, ...header })
    .sign(key ?? privateKey);
}

describe('SessionTokens', () => {
  it('I3: an access token says whose it is, for fifteen minutes', async () => {
    const { accessToken, expiresAt } = await tokens.issue(SUBJECT, 'refresh-1');
    expect(expiresAt).toBe(nowMs + 15 * MINUTE_MS);
    expect(await tokens.read(accessToken, 'access')).toMatchObject(SUBJECT);
    expect(decodeProtectedHeader(accessToken)).toMatchObject({ alg: 'EdDSA', typ: 'JWT', kid: expect.any(String) });
    nowMs += 15 * MINUTE_MS - 1_000;
    await expect(tokens.read(accessToken, 'access')).resolves.toMatchObject(SUBJECT);
    nowMs += 1_000;
    await expect(tokens.read(accessToken, 'access')).rejects.toMatchObject(REFUSED);
  });

  it('I3: each token has an id of its own, that of a refresh token being the one that the session knows', async () => {
    const made = [await tokens.issue(SUBJECT, 'refresh-1'), await tokens.issue(SUBJECT, 'refresh-2')];
    const ids = made.flatMap(({ accessToken, refreshToken }) => [
      decodeJwt(accessToken).jti,
      decodeJwt(refreshToken).jti,
    ]);
    expect(new Set(ids).size).toBe(4);
    expect(ids).toEqual([ids[0], 'refresh-1', ids[2], 'refresh-2']);
  });

  it('I3: a refresh token opens nothing, and an access token renews nothing', async () => {
    const { accessToken, refreshToken } = await tokens.issue(SUBJECT, 'refresh-1');
    await expect(tokens.read(refreshToken, 'access')).rejects.toMatchObject(REFUSED);
    await expect(tokens.read(accessToken, 'refresh')).rejects.toMatchObject(REFUSED);
    nowMs += REFRESH_MS - 1_000;
    expect(await tokens.read(refreshToken, 'refresh')).toMatchObject({ ...SUBJECT, tokenId: 'refresh-1' });
    nowMs += 1_000;
    await expect(tokens.read(refreshToken, 'refresh')).rejects.toMatchObject(REFUSED);
  });

  it('A5, G1: no other algorithm counts: none, HMAC keyed with the public key, RSA, ECDSA', async () => {
    await tokens.issue(SUBJECT, 'refresh-1');
    const { keyId, privateKey } = await presentKey();
    const publicKey = createPublicKey(privateKey);
    const { accessToken } = await tokens.issue(SUBJECT, 'refresh-1');
    const claims = decodeJwt(accessToken);
    const raw = Buffer.from(String(publicKey.export({ format: 'jwk' }).x), 'base64url');
    const der = publicKey.export({ format: 'der', type: 'spki' });
    const pem = Buffer.from(String(publicKey.export({ format: 'pem', type: 'spki' })));
    const byHmac = [raw, der, pem].map((secret) => forged({ header: { alg: 'HS256' } }, Uint8Array.from(secret)));
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
    const ecdsa = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    for (const token of [
      new UnsecuredJWT(claims).encode(),
      ...(await Promise.all(byHmac)),
      await forged({ header: { alg: 'RS256' } }, rsa),
      await forged({ header: { alg: 'ES256' } }, ecdsa),
      `${Buffer.from(`{"alg":"none","kid":"${keyId}"}`).toString('base64url')}.${accessToken.split('.')[1]}.`,
    ])
      await expect(tokens.read(token, 'access')).rejects.toMatchObject(REFUSED);
  });

  it('G1: a key that is not of this server counts for nothing, whatever the token brings', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const jwk = publicKey.export({ format: 'jwk' });
    for (const header of [{}, { kid: 'unknown' }, { kid: undefined }, { jwk }, { kid: undefined, jwk }])
      await expect(forged({ header }, privateKey).then((token) => tokens.read(token, 'access'))).rejects.toMatchObject(
        REFUSED,
      );
  });

  it.each([
    ['issuer', { iss: 'other' }],
    ['audience', { aud: 'sealane refresh' }],
    ['no audience', { aud: undefined as never }],
    ['no end', { exp: undefined as never }],
    ['past end', { exp: 1 }],
    ['begins later', { nbf: 4_000_000_000 }],
    ['no id', { jti: undefined as never }],
    ['no subject', { sub: undefined as never }],
    ['no session', { sid: undefined }],
    ['agent of another type', { agent: 7 }],
  ])('G1: refuses a token of its own key with a wrong claim: %s', async (_what, claims: JWTPayload) => {
    await expect(forged({}).then((token) => tokens.read(token, 'access'))).resolves.toMatchObject(SUBJECT);
    await expect(forged({ claims }).then((token) => tokens.read(token, 'access'))).rejects.toMatchObject(REFUSED);
  });

  it('refuses what is no token, and one that was changed', async () => {
    const { accessToken } = await tokens.issue(SUBJECT, 'refresh-1');
    const [header = '', payload = '', signature = ''] = accessToken.split('.');
    const other = Buffer.from(JSON.stringify({ ...decodeJwt(accessToken), agent: 'mallory' })).toString('base64url');
    const texts = [
      '',
      '.',
      '..',
      'a.b.c',
      `${header}.${payload}`,
      `${header}.${other}.${signature}`,
      `${accessToken}x`,
    ];
    for (const text of texts) await expect(tokens.read(text, 'access')).rejects.toMatchObject(REFUSED);
  });

  it('a restart keeps the keys', async () => {
    const { accessToken } = await tokens.issue(SUBJECT, 'refresh-1');
    expect(await (await restart()).read(accessToken, 'access')).toMatchObject(SUBJECT);
  });

  it('I3: a month later another key signs; what the old one signed counts until it ends, then the key is gone', async () => {
    const first = await tokens.issue(SUBJECT, 'refresh-1');
    nowMs += REFRESH_MS - MINUTE_MS;
    const last = await tokens.issue(SUBJECT, 'refresh-2');
    expect(decodeProtectedHeader(last.accessToken).kid).toBe(decodeProtectedHeader(first.accessToken).kid);
    nowMs += 2 * MINUTE_MS;
    const made = await Promise.all([tokens.issue(SUBJECT, 'refresh-3'), tokens.issue(SUBJECT, 'refresh-4')]);
    const keyIds = made.map(({ accessToken }) => decodeProtectedHeader(accessToken).kid);
    expect(new Set(keyIds).size).toBe(1);
    expect(keyIds).not.toContain(decodeProtectedHeader(first.accessToken).kid);
    expect(await (await restart()).read(last.accessToken, 'access')).toMatchObject(SUBJECT);
    nowMs += REFRESH_MS - 10 * MINUTE_MS;
    expect(await tokens.read(last.refreshToken, 'refresh')).toMatchObject({ tokenId: 'refresh-2' });
    for (let month = 0; month < 2; month++) {
      nowMs += REFRESH_MS;
      await tokens.issue(SUBJECT, 'refresh-5');
    }
    const kept = (await store.ask('tokenKeys', undefined)).map(({ keyId }) => keyId);
    expect(kept).not.toContain(decodeProtectedHeader(first.accessToken).kid);
  });
});
