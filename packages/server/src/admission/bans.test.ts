import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StorageError } from '@sealane/shared/errors';
import { AgentRegistry } from './agent-registry.ts';
import { banKey, type Ban, type BanKeeper } from './ban.ts';
import { Bans } from './bans.ts';
import { FileBans } from './file-bans.ts';

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

/** A keeper that several nodes share. */
class SharedKeeper implements BanKeeper {
  readonly bans = new Map<string, Ban>();
  readonly #followers: (() => void)[] = [];
  /** Answers of `read` wait for it. */
  gate: Promise<void> | undefined;

  async read(): Promise<readonly Ban[]> {
    const found = [...this.bans.values()];
    await this.gate;
    return found;
  }

  write(ban: Ban): Promise<void> {
    this.bans.set(banKey(ban), ban);
    return this.#tell();
  }

  async remove(kind: Ban['kind'], name: string, only?: Ban): Promise<boolean> {
    const key = banKey({ kind, name });
    if (only !== undefined && this.bans.get(key)?.since !== only.since) return false;
    const wasThere = this.bans.delete(key);
    await this.#tell();
    return wasThere;
  }

  follow(onChange: () => void): void {
    this.#followers.push(onChange);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #tell(): Promise<void> {
    for (const follower of this.#followers) follower();
    return Promise.resolve();
  }
}

async function open(keeper: BanKeeper, onBanned: (ban: Ban) => void = () => undefined): Promise<Bans> {
  const bans = await Bans.open(keeper, { wallClock: Date.now, onBanned });
  opened.push(bans);
  return bans;
}

describe('Bans in a file', () => {
  it('G4: are there after a restart, with their ends and reasons, and the directory knows the agents', async () => {
    const registry = new AgentRegistry(join(directory, 'agents.jsonl'), { nowSeconds: 0 });
    opened.push(registry);
    const file = join(directory, 'bans.jsonl');
    const before = await Bans.open(new FileBans(file, registry), { wallClock: Date.now, onBanned: () => undefined });
    await before.ban('address', '192.0.2.1', { reason: 'noise', seconds: 600 });
    await before.ban('agent', 'bad', {});
    await before.ban('address', '192.0.2.2', {});
    expect(await before.lift('address', '192.0.2.2')).toBe(true);
    expect(await before.lift('address', '192.0.2.2')).toBe(false);
    const listed = before.list();
    expect(listed.map(({ name }) => name)).toEqual(['192.0.2.1', 'bad']);
    await before.close();
    const after = await open(new FileBans(file, registry));
    expect(after.list()).toEqual(listed);
    expect(after.addressWaitMs('192.0.2.1')).toBeGreaterThan(500_000);
    expect(registry.standing('bad')).toMatchObject({ isBanned: true });
    expect(await after.lift('agent', 'bad')).toBe(true);
    expect(registry.standing('bad')).toMatchObject({ isBanned: false });
  });

  it.each(['agent', 'address'] as const)(
    'G4: of an %s: a ban that begins while the one before is lifted holds, also after a restart, and ends',
    async (kind) => {
      const registry = new AgentRegistry(join(directory, 'agents.jsonl'), { nowSeconds: 0 });
      opened.push(registry);
      const file = join(directory, 'bans.jsonl');
      const first = { kind, name: 'bad', until: 1_000, reason: '', since: 1 };
      const second = { ...first, until: 2_000, since: 2 };
      const keeper = new FileBans(file, registry);
      await keeper.write(first);
      await Promise.all([keeper.remove(kind, 'bad', first), keeper.write(second)]);
      expect(await keeper.read()).toEqual([second]);
      await keeper.close();
      const later = new FileBans(file, registry);
      expect(await later.read()).toEqual([second]);
      expect(registry.standing('bad').isBanned).toBe(kind === 'agent');
      await Promise.all([later.write(first), later.remove(kind, 'bad')]);
      expect(await later.read()).toEqual([]);
      expect(registry.standing('bad').isBanned).toBe(false);
      await later.close();
    },
  );

  it('G4: where the directory refuses a longer ban, the one before still ends', async () => {
    const registry = new AgentRegistry(join(directory, 'agents.jsonl'), { nowSeconds: 0 });
    opened.push(registry);
    const keeper = new FileBans(join(directory, 'bans.jsonl'), registry);
    opened.push(keeper);
    const first = { kind: 'agent', name: 'bad', until: 1_000, reason: '', since: 1 } as const;
    await keeper.write(first);
    const refusal = jest.spyOn(registry, 'setBanned').mockRejectedValueOnce(new StorageError('E_STORAGE'));
    await expect(keeper.write({ ...first, until: 2_000, since: 2 })).rejects.toThrow(StorageError);
    refusal.mockRestore();
    expect(await keeper.remove('agent', 'bad', first)).toBe(true);
    expect(registry.standing('bad').isBanned).toBe(false);
    expect(await keeper.read()).toEqual([]);
  });

  it('G4: a ban that the directory refused, and that was lifted then, does not come with a restart', async () => {
    const registry = new AgentRegistry(join(directory, 'agents.jsonl'), { nowSeconds: 0 });
    opened.push(registry);
    const file = join(directory, 'bans.jsonl');
    const keeper = new FileBans(file, registry);
    const refusal = jest.spyOn(registry, 'setBanned').mockRejectedValueOnce(new StorageError('E_STORAGE'));
    const ban = { kind: 'agent', name: 'bad', until: undefined, reason: '', since: 1 } as const;
    await expect(keeper.write(ban)).rejects.toThrow(StorageError);
    refusal.mockRestore();
    expect(await keeper.remove('agent', 'bad')).toBe(false);
    await keeper.close();
    const later = new FileBans(file, registry);
    opened.push(later);
    expect(await later.read()).toEqual([]);
  });

  it('G4: closing waits for a ban that is being lifted', async () => {
    const registry = new AgentRegistry(join(directory, 'agents.jsonl'), { nowSeconds: 0 });
    opened.push(registry);
    const file = join(directory, 'bans.jsonl');
    const keeper = new FileBans(file, registry);
    await keeper.write({ kind: 'agent', name: 'bad', until: undefined, reason: '', since: 1 });
    const lifting = keeper.remove('agent', 'bad');
    await keeper.close();
    expect(await lifting).toBe(true);
    const later = new FileBans(file, registry);
    opened.push(later);
    expect(await later.read()).toEqual([]);
  });
});

describe('Bans that several nodes share', () => {
  it('G4: what one bans or lifts the other knows, and ends what is connected there', async () => {
    const keeper = new SharedKeeper();
    const ended: string[] = [];
    const one = await open(keeper);
    const other = await open(keeper, ({ name }) => ended.push(name));
    await one.ban('agent', 'bad', {});
    await one.ban('address', '192.0.2.1', {});
    await sleep(1);
    expect(other.list()).toEqual(one.list());
    expect(ended).toEqual(['bad', '192.0.2.1']);
    await one.lift('agent', 'bad');
    await sleep(1);
    expect(other.find('agent', 'bad')).toBeUndefined();
    expect(ended).toHaveLength(2);
  });

  it('G4: a ban that ended is lifted by whoever is there, and not one that began anew meanwhile', async () => {
    const keeper = new SharedKeeper();
    await (await open(keeper)).ban('agent', 'bad', { seconds: 0.02 });
    await (await open(keeper)).ban('agent', 'worse', { seconds: 0.02 });
    const worse = { kind: 'agent', name: 'worse', until: undefined, reason: 'again', since: Date.now() + 5 } as const;
    keeper.bans.set('agent worse', worse);
    await sleep(80);
    expect([...keeper.bans.keys()]).toEqual(['agent worse']);
  });

  it('G4: a ban made here while others are read is not forgotten', async () => {
    const keeper = new SharedKeeper();
    const bans = await open(keeper);
    const gate = Promise.withResolvers<undefined>();
    keeper.gate = gate.promise;
    await bans.ban('agent', 'one', {});
    await bans.ban('agent', 'two', {});
    gate.resolve(undefined);
    await sleep(1);
    expect(bans.list().map(({ name }) => name)).toEqual(['one', 'two']);
  });
});
