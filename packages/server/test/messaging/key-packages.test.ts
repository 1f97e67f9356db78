/** Key packages: each given away once, whoever asks, however often. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { utf8Decode, utf8Encode } from '@sealane/shared/bytes';
import { ServiceWorld, type Device } from './service-world.ts';

let world: ServiceWorld;
let alice: Device;
let bob: Device;

beforeEach(async () => {
  world = await ServiceWorld.start();
  [alice, bob] = [await world.device('alice'), await world.device('bob')];
});

afterEach(async () => {
  await world.stop();
});

async function publish(device: Device, count: number, lastResort?: string): Promise<number> {
  const packages = Array.from({ length: count }, () => new Uint8Array(randomBytes(40)));
  return await world.keyPackages.publish(device, packages, lastResort === undefined ? null : utf8Encode(lastResort));
}

const ofBob = { username: 'bob', devices: [] };

describe('key packages', () => {
  it('E7: each is given away once, also to many who ask at once; then the one of last resort', async () => {
    expect(await publish(bob, 20, 'last')).toBe(20);
    const claims = await Promise.all(Array.from({ length: 25 }, () => world.keyPackages.claim(alice, ofBob)));
    const texts = claims.map(([first]) => Buffer.from(first ?? []).toString('hex'));
    const last = Buffer.from('last').toString('hex');
    expect(new Set(texts.filter((text) => text !== last)).size).toBe(20);
    expect(texts.filter((text) => text === last)).toHaveLength(5);
    expect(await world.keyPackages.waiting(bob.agentId)).toBe(0);
  });

  it('a repetition adds nothing, and does not bring back what was given away', async () => {
    const packages = [utf8Encode('one'), utf8Encode('two'), utf8Encode('two')];
    expect(await world.keyPackages.publish(bob, packages, null)).toBe(2);
    await world.keyPackages.claim(alice, ofBob);
    expect(await world.keyPackages.publish(bob, packages, null)).toBe(1);
    const [left] = await world.keyPackages.claim(alice, ofBob);
    expect(utf8Decode(left ?? new Uint8Array())).toBe('two');
    await expect(world.keyPackages.claim(alice, ofBob)).rejects.toMatchObject({ code: 'E_NO_KEY_PACKAGE' });
  });

  it('E7: what was given away does not come back with a device that is revoked and listed anew', async () => {
    const packages = [utf8Encode('one'), utf8Encode('two')];
    await world.keyPackages.publish(bob, packages, utf8Encode('last'));
    await world.keyPackages.claim(alice, ofBob);
    await world.revoke(bob);
    bob = await world.device('bob');
    expect(await world.keyPackages.waiting(bob.agentId)).toBe(0);
    expect(await world.keyPackages.publish(bob, packages, null)).toBe(1);
    const [left] = await world.keyPackages.claim(alice, ofBob);
    expect(utf8Decode(left ?? new Uint8Array())).toBe('two');
    await expect(world.keyPackages.claim(alice, ofBob)).rejects.toMatchObject({ code: 'E_NO_KEY_PACKAGE' });
  });

  it('a device has no more than 100 that wait', async () => {
    for (let count = 0; count < 5; count++) await publish(bob, 20);
    await expect(publish(bob, 1)).rejects.toMatchObject({ code: 'E_QUOTA' });
    await world.keyPackages.claim(alice, ofBob);
    expect(await publish(bob, 1)).toBe(100);
  });

  it('C11: one of each device, or of those named; none of a revoked one', async () => {
    const second = await world.device('bob', 'two');
    const third = await world.device('bob', 'three');
    for (const device of [bob, second]) await publish(device, 3);
    expect(await world.keyPackages.claim(alice, ofBob)).toHaveLength(2);
    const named = { username: 'bob', devices: [second.agentId, alice.agentId] };
    expect(await world.keyPackages.claim(alice, named)).toHaveLength(1);
    expect(await world.keyPackages.waiting(second.agentId)).toBe(1);
    await publish(third, 1, 'last of three');
    await world.revoke(third);
    await expect(world.keyPackages.claim(alice, { username: 'bob', devices: [third.agentId] })).rejects.toMatchObject({
      code: 'E_NO_KEY_PACKAGE',
    });
    await expect(world.keyPackages.claim(alice, { username: 'nobody', devices: [] })).rejects.toMatchObject({
      code: 'E_NO_ACCOUNT',
    });
  });

  it('E7: a stranger is limited, and many strangers get nothing but the one of last resort', async () => {
    await world.stop();
    world = await ServiceWorld.start({
      keyPackageLimits: {
        claimsPerPair: { burst: 6, intervalMs: 600_000 },
        claimsOfAccount: { burst: 12, intervalMs: 60_000 },
      },
    });
    bob = await world.device('bob');
    await publish(bob, 20, 'last');
    const strangers = await Promise.all(['s1', 's2', 's3'].map((name) => world.device(name)));
    for (const stranger of strangers) {
      for (let count = 0; count < 6; count++) await world.keyPackages.claim(stranger, ofBob);
      const refused = await world.keyPackages.claim(stranger, ofBob).catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: 'E_CALL_LIMIT', retryAfterMs: expect.any(Number) });
    }
    expect(await world.keyPackages.waiting(bob.agentId)).toBe(8);
    world.aheadMs += 600_000;
    const [first] = strangers;
    if (first !== undefined) await world.keyPackages.claim(first, ofBob);
    expect(await world.keyPackages.waiting(bob.agentId)).toBe(7);
  });

  it('E7: one that nobody claimed for 28 days and an hour is dropped, for good; the one of last resort stays', async () => {
    const packages = [utf8Encode('one'), utf8Encode('two')];
    await world.keyPackages.publish(bob, packages, utf8Encode('last'));
    world.aheadMs += 28 * 86_400_000;
    const [young] = await world.keyPackages.claim(alice, ofBob);
    expect(utf8Decode(young ?? new Uint8Array())).toBe('one');
    await publish(bob, 1);
    expect(await world.keyPackages.waiting(bob.agentId)).toBe(2);
    world.aheadMs += 3_600_000;
    expect(await world.keyPackages.publish(bob, packages, null)).toBe(1);
    const [fresh] = await world.keyPackages.claim(alice, ofBob);
    expect(fresh).toHaveLength(40);
    const [last] = await world.keyPackages.claim(alice, ofBob);
    expect(utf8Decode(last ?? new Uint8Array())).toBe('last');
  });

  it('E7: who asks for names that nobody has is limited, too', async () => {
    await world.stop();
    world = await ServiceWorld.start({ keyPackageLimits: { claimsPerAccount: { burst: 2, intervalMs: 60_000 } } });
    alice = await world.device('alice');
    const ask = (username: string) => world.keyPackages.claim(alice, { username, devices: [] });
    for (const name of ['nobody', 'no-one']) await expect(ask(name)).rejects.toMatchObject({ code: 'E_NO_ACCOUNT' });
    await expect(ask('none')).rejects.toMatchObject({ code: 'E_CALL_LIMIT' });
  });
});
