/** A dead letter from end to end: real nacks of a real agent, the admin API, the commands, and a delivery after its redrive. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AgentPrograms } from '@sealane/node/testing';
import { DEFAULT_DELIVERY_LIMITS } from '../../src/config/index.ts';
import { runServerCommand } from '../server-process.ts';
import { eventually } from '../test-server.ts';
import { AGENT_COMMAND } from '../torture/agent-command.ts';
import { TestAdmin } from './test-admin.ts';

jest.setTimeout(60_000);

const FAILURES = DEFAULT_DELIVERY_LIMITS.failuresMax;

let admin: TestAdmin;
let agents: AgentPrograms;
beforeEach(async () => {
  const delivery = { ...DEFAULT_DELIVERY_LIMITS, backoffMsMin: 5, backoffMsMax: 20 };
  admin = await TestAdmin.start({ limitOverrides: { delivery } });
  agents = new AgentPrograms(AGENT_COMMAND);
});
afterEach(async () => {
  await agents.dispose();
  await admin.stop();
});

/** The lines of a command that talks to the admin port. */
async function run(...words: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  const { code, stdout } = await runServerCommand([...words, '--json', '--data-dir', admin.server.directory]);
  expect(code).toBe(0);
  const lines = stdout.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('an event whose handler always fails', () => {
  it(`R16, H10: ${FAILURES} nacks make it a dead letter; it is listed, shown, redriven and delivered; the rest flows`, async () => {
    const { port } = admin.server;
    const broken = await agents.listen(port, 'worker', ['--topic', 'jobs.>', '--fail-first', String(FAILURES)]);
    const poison = { to: 'topic:jobs.print', payload: { job: 7 }, id: 'poison' };
    expect((await admin.ask('/v1/events', { method: 'POST', body: poison })).status).toBe(201);
    await eventually(
      'given up',
      async () => ((await admin.ask('/v1/dlq')).json['items'] as object[]).length === 1,
      20_000,
    );
    await broken.until('delivery', FAILURES);
    const attempts = broken.of('delivery').map(({ attempt, payload }) => [attempt, payload]);
    expect(attempts).toEqual(Array.from({ length: FAILURES }, (_, index) => [index + 1, { job: 7 }]));
    await broken.until('skipped');
    expect(broken.of('skipped')).toMatchObject([{ from: 1, to: 1, reason: 'dead-letter' }]);

    const [letter = {}] = await run('dlq');
    const about = {
      eventId: 'poison',
      subscription: 'worker jobs.>',
      from: 'server',
      to: 'topic:jobs.print',
      attempts: FAILURES,
    };
    expect(letter).toMatchObject({ event: 'dead-letter', ...about, reason: `attempt ${FAILURES} is to fail` });
    expect((await admin.ask('/v1/dlq')).json).toMatchObject({ items: [about] });
    const id = String(letter['id']);
    const [shown] = await run('dlq', 'show', id);
    const history = Array.from({ length: FAILURES }, (_, index) => ({
      reason: `attempt ${index + 1} is to fail`,
    }));
    expect(shown).toMatchObject({ ...about, payload: { job: 7 }, history });
    const { text } = await admin.ask('/metrics');
    expect(text.match(/^sealane_messages_dead_lettered_total.*$/gm)).toEqual([
      'sealane_messages_dead_lettered_total{reason="nack"} 1',
      'sealane_messages_dead_lettered_total{reason="timeout"} 0',
    ]);

    await broken.kill();
    const mended = await agents.listen(port, 'worker', ['--topic', 'jobs.>']);
    const next = { to: 'topic:jobs.print', payload: 'next' };
    expect((await admin.ask('/v1/events', { method: 'POST', body: next })).status).toBe(201);
    await mended.until('delivery');
    expect(await run('dlq', 'redrive', id)).toEqual([{ event: 'redriven', id }]);
    await mended.until('delivery', 2);
    expect(mended.of('delivery')).toMatchObject([
      { payload: 'next', attempt: 1 },
      { id: 'poison', payload: { job: 7 }, attempt: 1, sequence: 3 },
    ]);
    expect(await run('dlq')).toEqual([]);
    await eventually('acked', async () => ((await admin.ask('/v1/events')).json['items'] as object[]).length === 0);
    const actions = (await admin.audited()).map(({ action }) => action);
    expect(actions).toEqual(expect.arrayContaining(['dead-letter-shown', 'dead-letter-redriven']));
  });
});
