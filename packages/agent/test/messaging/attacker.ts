/**
 * Attacker: valid keys of somebody's own, over the engine of the product and no rules at all. It sees whatever the server sees, and
 * holds for listed whom it likes.
 */
import { toHex } from '@sealane/shared/bytes';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { decodeItem } from '@sealane/shared/items';
import { nodeMlsCrypto } from '@sealane/e2ee/crypto-node';
import { E2eeEngine, type OwnDevice, type PendingCommit } from '@sealane/e2ee/engine';
import { MemoryStorage, type Transaction } from '@sealane/e2ee/storage';
import { makeAccount } from '@sealane/e2ee/identity';
import { DeviceKeys, RecoveryKey } from '@sealane/e2ee/keys';
import { systemRandom } from '@sealane/node/transport';
import type { FakeServer } from './fake-server.ts';

/** Messages that a member has not sent yet, more than a test has. */
const SKIPPED = 20;

export class Attacker {
  readonly device: OwnDevice;
  readonly #engine: E2eeEngine;

  /** @param claims who it says it is; the signing key is its own. */
  constructor(claims: Omit<OwnDevice, 'signingSeed'>, signingSeed = systemRandom(32)) {
    this.device = { ...claims, signingSeed };
    this.#engine = new E2eeEngine({
      storage: new MemoryStorage(),
      crypto: nodeMlsCrypto,
      device: this.device,
      judge: { judge: () => 'listed' },
      now: Date.now,
      random: systemRandom,
    });
  }

  /** With an account of the server and a device that its log lists: all of it is valid. */
  static async withAccount(server: FakeServer, username: string): Promise<Attacker> {
    const agentId = `${username}-1`;
    const keys = DeviceKeys.generate(nativeCrypto, systemRandom);
    const transportKey = systemRandom(32);
    const recoveryKey = RecoveryKey.generate(nativeCrypto, systemRandom).signingPublicKey;
    const device = { agentId, transportKey, name: agentId };
    const at = Math.floor(Date.now() / 1_000);
    const { statements, state } = makeAccount(nativeCrypto, { username, recoveryKey, device }, { signer: keys, at });
    await server
      .connection(agentId, transportKey)
      .call(0x40, { username, password: null, registrationToken: null, statements: [...statements] });
    return new Attacker({ accountId: state.accountId, username, agentId }, keys.signingSeed);
  }

  step<T>(work: (engine: E2eeEngine, tx: Transaction) => Promise<T>): Promise<T> {
    return this.#engine.storage.transaction((tx) => work(this.#engine, tx));
  }

  async keyPackage(): Promise<Uint8Array> {
    const { packages } = await this.step((engine, tx) => engine.keyPackages(tx, { count: 1 }));
    const [first] = packages;
    if (first === undefined) throw new Error('no key package was made');
    return first;
  }

  /** A group of its own under any id, with whoever's key packages. */
  async invite(group: Uint8Array, keyPackages: readonly Uint8Array[], isDirect = true): Promise<PendingCommit> {
    const pending = await this.step((engine, tx) =>
      engine.createGroup(tx, { group, keyPackages: [...keyPackages], isDirect }),
    );
    await this.step((engine, tx) => engine.commitAccepted(tx, group, pending.messageId));
    return pending;
  }

  /** Joins a group by itself, as a device does that lost its state. */
  async intrude(group: Uint8Array, groupInfo: Uint8Array): Promise<PendingCommit> {
    const joined = await this.step((engine, tx) =>
      engine.rejoin(tx, group, groupInfo, { isTrusted: () => true, isForced: true }),
    );
    if (joined.state !== 'pending') throw new Error(`its own engine does not join: ${joined.state}`);
    await this.step((engine, tx) => engine.commitAccepted(tx, group, joined.commit.messageId));
    return joined.commit;
  }

  async seal(
    group: Uint8Array,
    plaintext: Uint8Array,
  ): Promise<{ readonly epoch: number; readonly message: Uint8Array }> {
    return await this.step((engine, tx) => engine.seal(tx, group, plaintext));
  }

  /** How many of these messages its keys open. */
  async opens(group: Uint8Array, messages: readonly Uint8Array[]): Promise<number> {
    let count = 0;
    for (const message of messages) {
      const opened = await this.step((engine, tx) => engine.open(tx, group, message));
      if (opened.state === 'decrypted') count++;
    }
    return count;
  }

  /** Hands in key packages: others can add it to their groups, as they can anybody. */
  async isThere(server: FakeServer): Promise<void> {
    server.answerAs(this.device.agentId, 0x4a, { keyPackages: [await this.keyPackage()], lastResort: null });
  }

  /** Takes what waits for it, as a member does. */
  async catchUp(server: FakeServer): Promise<void> {
    const { items } = server.queue(this.device.agentId);
    for (const bytes of items.splice(0)) {
      const item = decodeItem(bytes);
      if (item?.kind !== 'welcome' && item?.kind !== 'commit' && item?.kind !== 'message') continue;
      const { group, epoch, at } = item;
      const body = item.body ?? server.blobs.get(toHex(item.blob))?.bytes ?? new Uint8Array(0);
      await this.step<unknown>((engine, tx) => {
        if (item.kind === 'welcome') return engine.takeWelcome(tx, body, at);
        return item.kind === 'commit' ? engine.takeCommit(tx, group, epoch, body, at) : engine.open(tx, group, body);
      });
    }
  }

  async epochOf(group: Uint8Array): Promise<number | undefined> {
    return await this.step(async (engine, tx) => (await engine.groupOf(tx, group))?.epoch);
  }

  /** Seals with the keys of another member, which every member can derive, and signs with its own. */
  async sealAs(agentId: string, group: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array> {
    return await this.step(async (engine, tx) => {
      const row = await tx.get('mls.groups', [group]);
      const victim = (await engine.members(tx, group)).find((member) => member.agentId === agentId);
      if (row === undefined || victim === undefined) throw new Error(`${agentId} is no member`);
      await tx.put('mls.groups', [group], { ...row, ownLeaf: victim.leafIndex });
      // Ahead of what that member has sent: else it would count as a repetition.
      for (let skipped = 0; skipped < SKIPPED; skipped++) await engine.seal(tx, group, plaintext);
      const { message } = await engine.seal(tx, group, plaintext);
      await tx.put('mls.groups', [group], row);
      return message;
    });
  }
}
