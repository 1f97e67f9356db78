import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentRegistry } from './agent-registry.ts';
import { Bans } from './bans.ts';

let directory = '';
let opened: { close(): Promise<void> }[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sealane-bans-'));
});
afterEach(async () => {
  for (const each of opened) await each.close();
  opened = [];
  rmSync(directory, { recursive: true });
});

function open(follows: boolean): Bans {
  const registry = new AgentRegistry(join(directory, `agents-${follows}.jsonl`), { nowSeconds: 0 });
  const bans = new Bans(join(directory, 'bans.jsonl'), { directory: registry, wallClock: () => 1_000, follows });
  opened.push(bans, registry);
  return bans;
}

describe('Bans of several processes', () => {
  it('G4: what one process writes the others follow, and none of them writes', async () => {
    const writer = open(false);
    await writer.ban('address', '192.0.2.1', { reason: 'noise' });
    const follower = open(true);
    expect(follower.list()).toEqual(writer.list());
    await writer.ban('address', '192.0.2.2', {});
    await writer.lift('address', '192.0.2.1');
    const content = readFileSync(join(directory, 'bans.jsonl'), 'utf8');
    for (let wait = 0; follower.find('address', '192.0.2.2') === undefined && wait < 100; wait++) await sleep(50);
    expect(follower.list()).toEqual(writer.list());
    expect(follower.addressWaitMs('192.0.2.1')).toBe(0);
    await expect(follower.ban('address', '192.0.2.3', {})).rejects.toThrow('by the process that writes them');
    expect(readFileSync(join(directory, 'bans.jsonl'), 'utf8')).toBe(content);
  });
});
