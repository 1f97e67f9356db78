import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { AgentRegistry } from './agent-registry.ts';

const directory = mkdtempSync(join(tmpdir(), 'sealane-registry-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const at = 1_000;
const agent = (agentId: string, key = 'k') => ({ agentId, key, by: 'token', at }) as const;

it('S12: the registry is compacted at start and keeps what counts', async () => {
  const file = join(directory, 'agents.jsonl');
  const registry = new AgentRegistry(file, { nowSeconds: at });
  for (let turn = 0; turn < 50; turn++) {
    const token = { tokenId: `${turn}`, expiresAt: turn < 25 ? at : at + 90 * 86_400 };
    const keyBefore = turn === 0 ? undefined : `key${turn - 1}`;
    await registry.enrol(agent('ada', `key${turn}`), { keyBefore, token, agentsMax: 5 }).durable;
  }
  await registry.close();
  const later = new AgentRegistry(file, { nowSeconds: at + 31 * 86_400 });
  expect(later.find('ada')).toEqual(agent('ada', 'key49'));
  expect([later.isRedeemed('24'), later.isRedeemed('25'), later.isRedeemed('49')]).toEqual([false, true, true]);
  expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(1 + 25 + 1);
  await later.close();
});

it('G4: a ban that ended keeps nobody out while the disk is busy, and one that follows it holds', async () => {
  const registry = new AgentRegistry(join(directory, 'banned.jsonl'), { nowSeconds: at });
  const banning = registry.setBanned('bad', true);
  const lifting = registry.setBanned('bad', false);
  await Promise.all([banning, lifting]);
  expect(registry.standing('bad').isBanned).toBe(false);
  await registry.setBanned('bad', true);
  const lifted = registry.setBanned('bad', false);
  expect(registry.standing('bad').isBanned).toBe(false);
  await Promise.all([lifted, registry.setBanned('bad', true)]);
  expect(registry.standing('bad').isBanned).toBe(true);
  await registry.close();
});
