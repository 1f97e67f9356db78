/** What agents, strangers and operators say to a server beyond packets: tokens, cursors, first bytes, requests of the admin port. */
import { connect } from 'node:net';
import { concat, utf8Encode } from '@sealane/shared/bytes';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { seededRandom, type FuzzDecoder } from '@sealane/shared/testing';
import { ResumeTokens } from '../../src/admission/index.ts';
import { strangerOf } from '../../src/connection/first-bytes.ts';
import { doneBy } from '../../src/delivery/cursor.ts';
import type { QueueInfo } from '../../src/store/index.ts';
import { TestAdmin } from '../admin/test-admin.ts';

const claim = { agentId: 'bob', instance: 'main', agentKey: new Uint8Array(32).fill(4) };
const SESSION = new Uint8Array(16).fill(5);
const resumeTokens = (): ResumeTokens =>
  new ResumeTokens({ crypto: nativeCrypto, random: seededRandom(3), key: new Uint8Array(32).fill(6) });
const issued = resumeTokens().issue(claim, SESSION, 1_000);

/** Only what was issued is taken. */
const resume: FuzzDecoder = {
  name: 'resume-tokens',
  seeds: () => [issued, issued.subarray(0, 30), concat(issued, issued), new Uint8Array(1)],
  decode(input) {
    const session = resumeTokens().redeem(input, claim, 2_000);
    if (session !== undefined && Buffer.compare(input, issued) !== 0) throw new Error('a forged token');
    return session === undefined ? 'none' : 'ok';
  },
};

const info: QueueInfo = {
  ...{ queueId: 'q', spec: { kind: 'agent', agentId: 'bob' }, lineage: new Uint8Array(16) },
  ...{ settledTo: 10, nextSequence: 500, waiting: 0, waitingBytes: 0, deliveredTo: 20 },
};

/** The cursor (8), then the bitmap. What is settled by it was open before, and is there. */
const cursors: FuzzDecoder = {
  name: 'subscribe-cursors',
  seeds: () => [
    Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 20, 0b101),
    Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 20, ...new Uint8Array(60).fill(255)),
    Uint8Array.of(0, 0x1f, 255, 255, 255, 255, 255, 255, 1),
    Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 3),
  ],
  decode(input) {
    const bytes = concat(input.subarray(0, 8), new Uint8Array(8)).subarray(0, 8);
    const cursor = Number(new DataView(bytes.slice().buffer).getBigUint64(0) & 0x1f_ffff_ffff_ffffn);
    const packet = { lineage: info.lineage, cursor, doneBitmap: input.subarray(8, 40) };
    const done = doneBy({ ...packet, id: 0x30 } as Parameters<typeof doneBy>[0], info);
    for (const settlement of done?.settlements ?? []) {
      const { sequence = 0 } = settlement as { sequence?: number };
      if (sequence <= info.settledTo || sequence >= info.nextSequence) throw new Error(`settles ${sequence}`);
    }
    return done === undefined ? 'none' : 'ok';
  },
};

const firstBytes: FuzzDecoder = {
  name: 'first-bytes',
  seeds: () => ['GET / HTTP/1.1', 'SSH-2.0-x', '\u0016\u0003\u0001', '\0\0\0\u002f', 'x'].map(utf8Encode),
  decode: (input) => (input.length === 0 ? 'nothing' : (strangerOf(input) ?? 'frame')),
};

let admin: Promise<TestAdmin> | undefined;
const ANSWER_MS_MAX = 500;
const request = (line: string, body = '', more = ''): Uint8Array =>
  utf8Encode(
    `${line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer @\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n${more}\r\n${body}`,
  );

/** A whole HTTP request, `@` in place of the token. No request is answered as a fault of the server, and it goes on. */
const adminRequests: FuzzDecoder = {
  name: 'admin-requests',
  runs: 40,
  limits: { timeMs: 2_000 },
  seeds: () => [
    request('POST /v1/events', '{"to":"agent:bob","payload":{"a":[1,2]},"id":"i","ttlMs":5,"delayMs":0}'),
    request('POST /v1/events', '{"to":"topic:*","payload":null}'),
    request('POST /v1/agents/bob/ban', '{"seconds":5,"reason":"x"}'),
    request('POST /v1/agents/bob/kick', '{"instance":"main"}'),
    request('GET /v1/usage?period=day&limit=5&after=1%20bob'),
    request('GET /v1/dlq?limit=0'),
    request('DELETE /v1/dlq?all=true'),
    request('GET /v1/agents/%2e%2e'),
    request('GET /metrics', '', 'X: y\r\n'),
  ],
  async decode(input) {
    const { admin: port, log } = await (admin ??= TestAdmin.start());
    // Two ends that the routes have on purpose.
    const text = Buffer.from(input)
      .toString('latin1')
      .replaceAll(/drain|backup/gi, 'x');
    const answer = await answerOf(port.port, Buffer.from(text.replace('@', port.token), 'latin1'));
    const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 'none';
    if (status === '500' || status === '502') throw new Error(`${status}: ${log.slice(-2_000)}`);
    return status;
  },
  async close() {
    await (await admin)?.stop();
    admin = undefined;
  },
};

/** What is answered until the end, or until nothing more comes. */
function answerOf(port: number, bytes: Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ port, host: '127.0.0.1' });
    const timer = setTimeout(() => socket.destroy(), ANSWER_MS_MAX);
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(answer);
    });
    socket.end(bytes);
  });
}

export const PEER_DECODERS: readonly FuzzDecoder[] = [resume, cursors, firstBytes, adminRequests];
