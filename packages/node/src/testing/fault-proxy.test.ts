/** The proxy between real sockets: an echo behind it. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DirectedFaults } from './fault-spec.ts';
import { FaultProxy } from './fault-proxy.ts';

let echo: Server;
let proxy: FaultProxy | undefined;
const echoing: Socket[] = [];

beforeEach(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    echoing.push(socket);
    socket.on('error', () => undefined);
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(echo, 'listening');
});
afterEach(async () => {
  await proxy?.stop();
  for (const socket of echoing.splice(0)) socket.destroy();
  echo.close();
});

/** What came back, and how it ended. */
class Caller {
  readonly socket: Socket;
  readonly chunks: { readonly bytes: Buffer; readonly atMs: number }[] = [];
  end: string | undefined;
  readonly #startedAt = performance.now();

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.socket.on('data', (bytes) => {
      this.chunks.push({ bytes, atMs: performance.now() - this.#startedAt });
    });
    this.socket.on('end', () => void (this.end ??= 'end'));
    this.socket.on('error', (error: NodeJS.ErrnoException) => void (this.end = error.code ?? 'error'));
  }

  get text(): string {
    return Buffer.concat(this.chunks.map(({ bytes }) => bytes)).toString('latin1');
  }

  async until(holds: () => boolean, limitMs = 15_000): Promise<void> {
    const endAt = performance.now() + limitMs;
    while (!holds()) {
      if (performance.now() > endAt)
        throw new Error(`it did not come to pass: ${this.text.slice(-100)}, ${this.end ?? 'open'}`);
      await sleep(2);
    }
  }
}

async function open(faults: DirectedFaults, seed = 1): Promise<Caller> {
  proxy = await FaultProxy.start({ target: { port: (echo.address() as AddressInfo).port }, seed, faults });
  return new Caller(proxy.port);
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'.repeat(40);

describe('FaultProxy', () => {
  it('without faults passes everything on, ends included', async () => {
    const caller = await open({});
    caller.socket.end(LETTERS);
    await caller.until(() => caller.end !== undefined);
    expect([caller.text, caller.end]).toEqual([LETTERS, 'end']);
    await caller.until(() => proxy?.open.length === 0);
    expect(proxy?.connections).toBe(1);
  });

  it('D2: slices to one byte', async () => {
    const caller = await open({ toAgent: { sliceBytes: 1 } });
    caller.socket.write(LETTERS);
    await caller.until(() => caller.text.length === LETTERS.length);
    expect(caller.text).toBe(LETTERS);
    expect(caller.chunks.length).toBeGreaterThan(100);
  });

  it('latency and bandwidth take their time, and the order stays', async () => {
    const caller = await open({ toServer: { latencyMs: 200, jitterMs: 50 }, toAgent: { bytesPerSecond: 2_000 } });
    caller.socket.write(LETTERS.slice(0, 1_000));
    await caller.until(() => caller.text.length === 1_000);
    expect(caller.text).toBe(LETTERS.slice(0, 1_000));
    expect(caller.chunks[0]?.atMs).toBeGreaterThan(195);
    expect(caller.chunks.at(-1)?.atMs).toBeGreaterThan(200 + 400);
  });

  it('B2: a slow way slows its sender down instead of filling memory', async () => {
    const caller = await open({ toServer: { bytesPerSecond: 1_000 } });
    let accepted = 0;
    for (let count = 0; count < 1_000; count++)
      caller.socket.write(Buffer.alloc(65_536), () => void (accepted += 65_536));
    await sleep(700);
    expect(accepted).toBeLessThan(32_000_000);
    caller.socket.destroy();
  });

  it('resets, ends, and falls silent at a byte', async () => {
    const reset = await open({ toAgent: { resetByte: 5 } });
    reset.socket.write(LETTERS);
    await reset.until(() => reset.end !== undefined);
    expect(reset.end).toBe('ECONNRESET');
    await proxy?.stop();

    const ended = await open({ toAgent: { endByte: 5 } });
    ended.socket.write(LETTERS);
    await ended.until(() => ended.end !== undefined);
    expect([ended.text, ended.end]).toEqual([LETTERS.slice(0, 5), 'end']);
    ended.socket.end();
    await proxy?.stop();

    const silent = await open({ toAgent: { silenceByte: 5 } });
    silent.socket.end(LETTERS);
    await silent.until(() => silent.text.length >= 5);
    await sleep(200);
    expect([silent.text, silent.end]).toEqual([LETTERS.slice(0, 5), undefined]);
  });

  it('one seed, one behaviour; each connection has one of its own', async () => {
    const faults = { toAgent: { endByte: [1, 1_000] } } as const;
    const lengths = async (seed: number): Promise<readonly number[]> => {
      const callers = [await open(faults, seed)];
      for (let count = 0; count < 5; count++) callers.push(new Caller(proxy?.port ?? 0));
      for (const caller of callers) {
        caller.socket.end(LETTERS);
        await caller.until(() => caller.end !== undefined);
      }
      await proxy?.stop();
      return callers.map(({ text }) => text.length);
    };
    const first = await lengths(7);
    expect(await lengths(7)).toEqual(first);
    expect(await lengths(8)).not.toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(3);
  });

  it('told while it runs: swallows, cuts, refuses, heals', async () => {
    const caller = await open({});
    caller.socket.write('one');
    await caller.until(() => caller.text === 'one');
    proxy?.swallow({ toAgent: true });
    caller.socket.write('two');
    // What is swallowed has come back to the proxy.
    await caller.until(() => echoing[0]?.bytesWritten === 'onetwo'.length);
    await sleep(100);
    expect(caller.text).toBe('one');
    proxy?.heal();
    caller.socket.write('three');
    await caller.until(() => caller.text === 'onethree');
    proxy?.cut('reset');
    await caller.until(() => caller.end === 'ECONNRESET');
    proxy!.refuses = true;
    const refused = new Caller(proxy?.port ?? 0);
    await refused.until(() => refused.end !== undefined);
    proxy?.heal();
    const welcome = new Caller(proxy?.port ?? 0);
    welcome.socket.write('four');
    await welcome.until(() => welcome.text === 'four');
  });
});
