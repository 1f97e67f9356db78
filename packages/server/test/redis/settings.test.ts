/** Settings of Redis with which acks are not durable: receipts say so, and who wants more is refused. */
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { RedisStoreOptions } from '../../src/store/redis/index.ts';
import { redisCheck } from '../../src/commands/doctor-checks.ts';
import { RedisServer, describeWithRedis } from '../redis-server.ts';
import { ServerProcess, runServerCommand } from '../server-process.ts';
import { eventually, temporaryDirectory } from '../test-server.ts';
import { event, openStore, type Opened } from './store-host.ts';

describeWithRedis('settings of Redis', () => {
  let server: RedisServer;
  const stores: Opened[] = [];

  beforeEach(async () => {
    server = await RedisServer.start();
  });
  afterEach(async () => {
    await Promise.all(stores.splice(0).map(({ store }) => store.close()));
    await server.stop();
  });

  async function open(options: Partial<RedisStoreOptions> = {}): Promise<Opened> {
    const opened = await openStore({ url: server.url, ...options });
    stores.push(opened);
    await opened.store.openQueue({ kind: 'agent', agentId: 'ada' });
    return opened;
  }

  it.each([
    ['appendfsync', 'everysec'],
    ['no-appendfsync-on-rewrite', 'yes'],
    ['maxmemory-policy', 'allkeys-lru'],
    ['appendonly', 'no'],
  ])('M4: %s %s: receipts say relaxed, and whoever wants durable ones is refused at start', async (name, value) => {
    await server.command('CONFIG', 'SET', name, value);
    await expect(openStore({ url: server.url, requireDurable: true })).rejects.toMatchObject({
      code: 'E_CONFIG',
      message: expect.stringContaining(name),
    });
    const { store } = await open();
    expect(store.health).toEqual({ status: 'ready', reasons: ['redis-config'], durability: 'relaxed' });
    expect(await store.publish([event()])).toMatchObject([{ status: 'stored', durability: 'relaxed' }]);
    await server.command('CONFIG', 'SET', 'appendonly', 'yes');
    await server.command('CONFIG', 'SET', 'appendfsync', 'always');
    await server.command('CONFIG', 'SET', 'no-appendfsync-on-rewrite', 'no');
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await server.command('CLIENT', 'KILL', 'TYPE', 'normal');
    await eventually('durable after the reconnect', () => store.health.durability === 'durable');
    const [durable, relaxed] = await store.publish([event(), event({ durability: 'relaxed' })]);
    expect(durable).toMatchObject({ durability: 'durable' });
    expect(relaxed).toMatchObject({ durability: 'relaxed' });
  });

  it('M4: where CONFIG is forbidden nobody can tell, so receipts say relaxed', async () => {
    await server.command('ACL', 'SETUSER', 'limited', 'on', '>pw', '~*', '&*', '+@all', '-config');
    const { store } = await open({ url: server.url.replace('//', '//limited:pw@') });
    expect(store.health).toEqual({ status: 'ready', reasons: ['redis-config'], durability: 'relaxed' });
    expect(await store.publish([event()])).toMatchObject([{ status: 'stored', durability: 'relaxed' }]);
    const check = await redisCheck(server.url.replace('//', '//limited:pw@')).run();
    expect(check).toMatchObject({ status: 'warn', detail: expect.stringContaining('cannot be read') });
    expect(check.status === 'ok' ? '' : check.fix).toContain('+config|get');
  });

  it('M4: doctor names the settings that are weak, and says what to set', async () => {
    expect(await redisCheck(server.url).run()).toMatchObject({ status: 'ok' });
    await server.command('CONFIG', 'SET', 'appendfsync', 'everysec');
    const check = await redisCheck(server.url).run();
    expect(check).toMatchObject({ status: 'warn', detail: expect.stringContaining('appendfsync') });
    expect(check.status === 'ok' ? '' : check.fix).toContain('appendfsync always');
  });

  it('M4, M10: serve --require-durable refuses a weak Redis; serve remembers what its Redis held', async () => {
    const dataDir = temporaryDirectory();
    const flags = ['--store', server.url, '--data-dir', dataDir, '--admin-port', 'off', '--enrolment', 'open'];
    const first = await ServerProcess.start(flags);
    await first.end();
    await server.command('CONFIG', 'SET', 'appendfsync', 'everysec');
    const refused = await runServerCommand(['serve', '--port', '0', ...flags, '--require-durable']);
    expect(refused.code).toBeGreaterThan(0);
    expect(refused.stderr).toContain('appendfsync always');
    await server.command('FLUSHALL');
    const next = await ServerProcess.start(flags);
    await eventually('the loss is told', () => next.stderr.includes('Redis was emptied or exchanged'));
    await next.end();
    rmSync(dataDir, { recursive: true, force: true });
  }, 60_000);

  it('C4: a URL that cannot be read is not shown', async () => {
    const wrong = openStore({ url: 'redis://:secret@host:port' });
    await expect(wrong).rejects.toMatchObject({ code: 'E_CONFIG', message: expect.not.stringContaining('secret') });
  });
});
