import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestAgent } from '../test-agent.ts';
import { encodeLogin, encodeRequest } from '@sealane/shared/packets';
import { AccountPapers, answerTo, newKeys, openPeer, register } from '../messaging/messaging-peer.ts';
import { SessionPeer } from '../reliability/session-peer.ts';
import { eventually } from '../test-server.ts';
import { TestAdmin } from './test-admin.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const deploy = (path: string): string => join(root, 'tools', 'deploy', path);
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
if (!hasPromtool) console.warn('SKIPPED: metrics and alerts are not checked by promtool, which is not installed');

/** Only where events are kept on Redis. */
const OF_REDIS = ['sealane_redis_up'];
/** What an answer may have, with any number of topics and agents. */
const BYTES_MAX = 65_536;

let admin: TestAdmin;
let text: string;
beforeAll(async () => {
  admin = await TestAdmin.start();
  await (await TestAgent.open({ port: admin.server.port, agentId: 'canary-agent' })).close();
  const event = { to: 'topic:canary.topic', payload: 'canary-payload' };
  await admin.ask('/v1/events', { method: 'POST', body: event });
  await admin.ask('/v1/events', { method: 'POST', body: { ...event, to: 'agent:nobody' } });
  ({ text } = await admin.ask('/metrics', { token: undefined }));
});
afterAll(async () => {
  await admin.stop();
});

function namesIn(file: string): readonly string[] {
  const found = readFileSync(file, 'utf8').match(/\bsealane_[a-z_]+/g) ?? [];
  return [...new Set(found)].filter((name) => !OF_REDIS.includes(name));
}

describe('GET /metrics', () => {
  it('H1: counts what happened', () => {
    expect(text).toContain('sealane_messages_published_total{result="stored"} 1');
    expect(text).toContain('sealane_messages_published_total{result="E_UNKNOWN_ADDRESS"} 1');
    expect(text).toContain('sealane_handshake_duration_seconds_count 1');
    expect(text).toContain('sealane_publish_ack_duration_seconds_bucket{le="+Inf"} ');
    expect(text).toContain('sealane_store_ready 1');
    expect(text).toContain('sealane_store_commit_duration_seconds_bucket{le="0.5"} ');
  });

  it('C3, O4: messaging: accounts, calls, logins by what became of them, and no name of an account', async () => {
    const other = await TestAdmin.start();
    try {
      const identity = newKeys();
      const peer = await openPeer(other.server.port, 'canary-1', identity);
      await register(peer, new AccountPapers('canary-name', 'canary-1', identity), 'canary password');
      for (const [call, password] of [
        [2, 'canary password'],
        [3, 'another password'],
      ] as const) {
        peer.forge((writer) => encodeLogin(writer, call, 'canary-name', password, null, null));
        await answerTo(peer, call);
      }
      peer.socket.destroy();
      const { text: now } = await other.ask('/metrics', { token: undefined });
      expect(now).toContain('sealane_messaging_accounts 1');
      expect(now).toContain('sealane_messaging_calls_total 3');
      expect(now).toContain('sealane_auth_attempts_total{result="ok"} 1');
      expect(now).toContain('sealane_auth_attempts_total{result="failed"} 1');
      expect(now).toContain('sealane_auth_attempts_total{result="limited"} 0');
      expect(now).toContain('sealane_messages_stored_total 0');
      expect(now).toContain('sealane_commits_stored_total 0');
      expect(now).toContain('sealane_argon2_queue_length 0');
      expect(now).not.toContain('canary');
    } finally {
      await other.stop();
    }
  });

  it('H1, B2: sessions that ended, by reason: closed, and cut because the peer did not read', async () => {
    expect(text).toContain('sealane_sessions_ended_total{reason="closed"} 1');
    const other = await TestAdmin.start({
      limitOverrides: { slowReaderWindowMs: 400, slowReaderBytesPerSecond: 65_536 },
    });
    const peer = (await SessionPeer.open({ port: other.server.port })).stopReading();
    try {
      const body = new Uint8Array(190_000);
      let id = 0;
      await eventually(
        'the peer that does not read is cut',
        async () => {
          peer.forge((writer) => encodeRequest(writer, (id += 1), 'echo', body, null, 0, null, null));
          await peer.writable(10);
          const { text: now } = await other.ask('/metrics', { token: undefined });
          return now.includes('sealane_sessions_ended_total{reason="E_SLOW_READER"} 1');
        },
        20_000,
      );
    } finally {
      peer.socket.destroy();
      await other.stop();
    }
  }, 30_000);

  it.each([deploy('grafana/sealane.json'), deploy('prometheus/alerts.yaml')])('every metric of %s is there', (file) => {
    const names = namesIn(file);
    expect(names.length).toBeGreaterThan(5);
    const samples = new Set(text.split('\n').map((line) => /^[a-z_]+/.exec(line)?.[0]));
    const declared = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    expect(names.filter((name) => !samples.has(name) && !declared.has(name))).toEqual([]);
  });

  (hasPromtool ? it : it.skip)('promtool accepts the metrics and the alerts', () => {
    const metrics = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect(metrics.stderr).not.toMatch(/error while|parse/);
    const rules = spawnSync('promtool', ['check', 'rules', deploy('prometheus/alerts.yaml')], { encoding: 'utf8' });
    expect(rules).toMatchObject({ status: 0 });
  });

  it('O4: its size does not grow with topics and agents, and no name of them is in it', async () => {
    const { store } = admin.server.library.delivery;
    const publishedAt = Date.now();
    for (let from = 0; from < 100_000; from += 10_000) {
      const events = Array.from({ length: 10_000 }, (_, index) => ({
        id: `${from + index}`,
        from: 'server',
        to: `topic:many.t${from + index}`,
        contentType: null,
        body: new Uint8Array(1),
        ...{ publishedAt, expiresAt: Number.MAX_SAFE_INTEGER, dueAt: 0 },
        durability: 'durable' as const,
        dedup: { kind: 'none' as const },
      }));
      await store.publish(events);
    }
    const after = await admin.ask('/metrics');
    expect(after.text.length).toBeLessThan(BYTES_MAX);
    expect(after.text.split('\n').length).toBe(text.split('\n').length);
    expect(after.text).not.toMatch(/many\.t|canary/);
  }, 60_000);
});
