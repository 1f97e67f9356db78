/**
 * D6: an evil server sends every packet of the registry, and ids that nobody has, in every state of an agent over TCP: what
 * becomes of it is what docs/protocols/states.md says. The same page holds sessions in memory (packages/shared/test/evil).
 */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { encodeFrame } from '@sealane/shared/frames';
import { encodeGoAway } from '@sealane/shared/packets';
import { StateTable, samplePacket, type StateCell, type TableState } from '@sealane/shared/testing';
import { SealaneError, connect, type Agent, type ConnectOptions } from '../../src/index.ts';
import { EvilServer, type EvilConnection, type EvilServerOptions } from './evil-server.ts';

const TABLE = StateTable.parse(readFileSync(new URL('../../../../docs/protocols/states.md', import.meta.url), 'utf8'));
/** All ids up to 0x5F, and some from where nothing is. */
const IDS = [...Array.from({ length: 0x60 }, (_, id) => id), 0x60, 0x7f, 0x80, 0xfe, 0xff];
const ATTACKS_AT_ONCE = 8;
/** Less than the time that an end may take. */
const END_MS_MAX = 1_900;
const OPTIONS: ConnectOptions = { suites: 'any', reconnect: false };

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(cleanups.splice(0).map((cleanup) => cleanup()));
});

/** Runs attacks, a few at a time. */
async function forEachId(attack: (id: number) => Promise<void>): Promise<void> {
  const left = [...IDS];
  const next = async (): Promise<void> => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) await attack(id);
  };
  await Promise.all(Array.from({ length: ATTACKS_AT_ONCE }, next));
}

async function serve(options: EvilServerOptions): Promise<EvilServer> {
  const server = await EvilServer.listen(options);
  cleanups.push(() => server.close());
  return server;
}

/** Why an agent was not admitted. */
async function refusal(server: EvilServer): Promise<string> {
  return codeOr(async () => {
    await (await connect({ server: server.address, ...OPTIONS })).close();
    return 'admitted';
  });
}

/** The code of an agent that ends as it is admitted: before the program has it, or right after. */
async function earlyEndCode(server: EvilServer): Promise<string> {
  return codeOr(async () => closedCode(await connect({ server: server.address, ...OPTIONS })));
}

/** What comes of it, or the code that it is refused with. */
async function codeOr(attempt: () => Promise<string>): Promise<string> {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof SealaneError)) throw error;
    return error.code;
  }
}

/** An agent that was admitted, its connection at the server, and why it is closed in the end. */
async function admitted(server: EvilServer): Promise<{ agent: Agent; connection: EvilConnection }> {
  const agent = await connect({ server: server.address, ...OPTIONS });
  return { agent, connection: server.last };
}

const isCode = ({ first }: StateCell): boolean => first.startsWith('E_');

/** The code of an agent that is closed in the end. */
async function closedCode(agent: Agent): Promise<string> {
  return (await agent.whenClosed).code ?? 'closed';
}

/** Seals packets with these ids into one record. */
function forgeIds(connection: EvilConnection, ...ids: number[]): EvilConnection {
  return connection.forge((writer) => {
    for (const id of ids) writer.bytes(samplePacket(id, 'agent'));
  });
}

/**
 * What became of a packet in an open session, where an orderly end came behind it unless the page says a code.
 *
 * @param leads ids of packets that come before it in the same record.
 */
async function outcome(
  { agent, connection }: { readonly agent: Agent; readonly connection: EvilConnection },
  id: number,
  cell: StateCell,
  leads: readonly number[] = [],
): Promise<string> {
  forgeIds(connection, ...leads, id);
  if (!isCode(cell)) connection.forgeEnd();
  return inWordsOfThePage(await closedCode(agent), id, cell);
}

/** The code with which an agent ended, in the words of the page. */
function inWordsOfThePage(code: string, id: number, cell: StateCell): string {
  if (id === 0x0b && code === 'E_DRAINING') return 'ended';
  // Go Away alone makes an agent end in an orderly way, and say why.
  if (code === 'E_CLOSED' || code === 'E_DRAINING') return cell.first === 'ended' ? 'ended' : 'goes on';
  return code;
}

/** A clear frame with this id, and nothing of use in it. */
function clearFrame(id: number): Uint8Array {
  const body = new Uint8Array(id === 0x04 ? 7 : 100);
  body[0] = id;
  if (id === 0x04) body.set([0, 0x22, 0, 0, 0, 9], 1);
  return encodeFrame(body);
}

describe('D6: an agent over TCP', () => {
  it('the tables are those of an agent that is tested here', () => {
    const tested: TableState[] = ['AwaitEncryptionResponse', 'AwaitTrust', 'AwaitAccepted', 'Open'];
    expect(TABLE.states('agent')).toEqual([...tested, 'Open, key update', 'AwaitClose']);
    for (const id of TABLE.names('agent').keys()) expect(IDS).toContain(id);
  });

  it('D6: in AwaitEncryptionResponse: not admitted, and told why', async () => {
    await forEachId(async (id) => {
      const server = await serve({ onFirstBytes: (socket) => void socket.write(clearFrame(id)) });
      const { first } = TABLE.cell('agent', 'AwaitEncryptionResponse', id);
      // Where nobody has proved to be a server, what is malformed speaks another protocol; an empty 0x02 chose nothing.
      const codes: Record<string, string> = {
        'goes on': 'E_UNSUPPORTED_VERSION',
        ended: 'E_DRAINING',
        E_MALFORMED: 'E_NOT_SEALANE',
      };
      expect([id, await refusal(server)]).toEqual([id, codes[first] ?? first]);
    });
  });

  it('D6: in AwaitTrust: what comes right behind 0x02 is not looked at', async () => {
    await forEachId(async (id) => {
      const server = await serve({ behindResponse: clearFrame(id) });
      expect([id, await refusal(server)]).toEqual([id, TABLE.cell('agent', 'AwaitTrust', id).first]);
    });
  });

  it.each([
    ['that was never here', null],
    ['that shows a resume token', new Uint8Array(32).fill(5)],
  ])('D6: in AwaitAccepted, an agent %s', async (_which, resumeToken) => {
    await forEachId(async (id) => {
      let connections = 0;
      const server = await serve({
        acceptance: { resumeToken: resumeToken ?? new Uint8Array(0), retryBaseMs: 1, retryCapMs: 1, retryWindowMs: 1 },
        onIdentified: (connection) => {
          connections += 1;
          if (resumeToken !== null && connections === 1) {
            connection.session.accept({ ...SAMPLE_ACCEPTANCE, resumeToken }, 0);
            setTimeout(() => connection.socket.resetAndDestroy(), 5);
          } else {
            forgeIds(connection.stopListening(), id).forgeEnd();
          }
        },
      });
      const { first } = TABLE.cell('agent', 'AwaitAccepted', id);
      const expected = first === 'ended' ? 'E_DRAINING' : first === 'goes on' ? 'admitted' : first;
      if (resumeToken === null) {
        expect([id, await refusal(server)]).toEqual([id, expected]);
        return;
      }
      const reasons: string[] = [];
      const agent = await connect({
        server: server.address,
        suites: 'any',
        onState: (state) => {
          if (state.state === 'reconnecting') reasons.push(state.reason);
        },
      });
      cleanups.push(() => agent.close());
      while (reasons.length < 2) await new Promise((resolve) => setTimeout(resolve, 2));
      expect([id, reasons[1]]).toEqual([id, expected === 'admitted' ? 'E_CLOSED' : expected]);
      await agent.close();
    });
  });

  it('D6: in the record that admits the agent: as in Open', async () => {
    await forEachId(async (id) => {
      const cell = TABLE.cell('agent', 'Open', id);
      const server = await serve({
        onIdentified: (connection) => {
          forgeIds(connection.stopListening(), 0x05, id);
          if (!isCode(cell)) connection.forgeEnd();
        },
      });
      const code = await earlyEndCode(server);
      expect([id, inWordsOfThePage(code, id, cell)]).toEqual([id, cell.first]);
    });
  });

  it.each([
    ['in a record of its own', []],
    ['behind a Ping in one record', [0x09]],
  ])('D6: in Open, %s', async (_where, leads) => {
    await forEachId(async (id) => {
      const server = await serve({});
      const { agent, connection } = await admitted(server);
      const cell = TABLE.cell('agent', 'Open', id);
      if (!isCode(cell)) connection.stopListening();
      expect([id, await outcome({ agent, connection }, id, cell, leads)]).toEqual([id, cell.first]);
      if (!isCode(cell)) return;
      while (connection.closed === undefined) await new Promise((resolve) => setTimeout(resolve, 2));
      expect([id, connection.closed]).toMatchObject([id, { code: cell.first, byPeer: true }]);
    });
  });

  it('D6: in Open, after Go Away: as always', async () => {
    await forEachId(async (id) => {
      const { agent, connection } = await admitted(await serve({}));
      connection.stopListening().forge((writer) => encodeGoAway(writer, 0x22, 1, null, 5_000));
      const cell = TABLE.cell('agent', 'Open', id);
      expect([id, await outcome({ agent, connection }, id, cell)]).toEqual([id, cell.first]);
    });
  });

  it.each([
    ['in a record of its own', []],
    ['behind a Ping in one record', [0x09]],
    ['in the record that asks for it', [0x06]],
  ])(
    'D6: in the middle of a key update, of which no 0x08 comes but that which is tested, %s',
    async (_where, leads) => {
      await forEachId(async (id) => {
        const { agent, connection } = await admitted(await serve({}));
        connection.stopListening();
        if (!leads.includes(0x06)) forgeIds(connection, 0x06);
        const cell = TABLE.cell('agent', 'Open, key update', id);
        const became = await outcome({ agent, connection }, id, cell, leads);
        // After 0x08 the agent reads with the new key, and the end behind it is sealed with the old one.
        expect([id, id === 0x08 && became === 'E_DECRYPT' ? 'goes on' : became]).toEqual([id, cell.first]);
      });
    },
  );

  it.each([
    ['in a record of its own', []],
    ['behind a Ping in one record', [0x09]],
  ])('D6: in AwaitClose, %s: nothing but the end is waited for', async (_where, leads) => {
    await forEachId(async (id) => {
      const server = await serve({});
      let leastMs = Number.POSITIVE_INFINITY;
      // Where it took long it is tried again: what the machine did meanwhile is not the agent's fault.
      for (let tries = 0; tries < 3 && leastMs >= END_MS_MAX; tries++) {
        const { agent, connection } = await admitted(server);
        connection.stopListening();
        const startedAt = performance.now();
        const closed = agent.close();
        forgeIds(connection, ...leads, id).forgeEnd();
        await closed;
        expect((await agent.whenClosed).code).toBeUndefined();
        leastMs = Math.min(leastMs, performance.now() - startedAt);
      }
      // Neither hangs it, nor makes it wait for the time that an end may take.
      expect(leastMs).toBeLessThan(END_MS_MAX);
    });
  });
});

const SAMPLE_ACCEPTANCE = {
  agentId: 'agent-1',
  sessionId: new Uint8Array(16).fill(7),
  resumed: false,
  retryBaseMs: 1,
  retryCapMs: 1,
  retryWindowMs: 1,
};
