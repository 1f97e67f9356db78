/** Bugs of groups, queues, key packages and blobs on the server. */
import type { PlantedBug } from '../planted-bug.ts';

const messaging = (path: string): string => `packages/server/src/messaging/${path}`;
const tests = (name: string): string[] => [`packages/server/test/messaging/${name}.test.ts`];

export const MESSAGING_BUGS: readonly PlantedBug[] = [
  {
    name: 'every-commit-wins',
    breaks: 'two members commit at once, and the group forks',
    file: messaging('store/group-writes.ts'),
    from: "if (ask.epoch !== epoch) return refusal('E_STALE_EPOCH', epoch);",
    to: '',
    tests: tests('groups'),
  },
  {
    name: 'removed-device-stays',
    breaks: 'a removed device gets what is sent after its removal',
    file: messaging('store/group-writes.ts'),
    from: 'remove.run(group, agentId);',
    to: 'void remove;',
    tests: tests('groups'),
  },
  {
    name: 'revoked-queue-opens-again',
    breaks: 'a revoked device gets what was under way',
    file: messaging('queues/message-queues.ts'),
    from: 'if (isListed) await this.#openQueue(agentId);',
    to: 'void isListed; this.#revoked.delete(agentId); await this.#openQueue(agentId);',
    tests: tests('groups'),
  },
  {
    name: 'promise-forgotten',
    breaks: 'a message that was promised before a crash is lost',
    file: messaging('queues/message-queues.ts'),
    from: 'await this.publish(rows.filter((row) => this.#isSound(row)));',
    to: 'rows.filter((row) => this.#isSound(row));',
    tests: tests('groups'),
  },
  {
    name: 'promise-kept-twice',
    breaks: 'a message comes twice after a crash',
    file: messaging('queues/message-queues.ts'),
    from: "dedup: { kind: 'id' },",
    to: "dedup: { kind: 'none' },",
    tests: tests('groups'),
  },
  {
    name: 'clone-unnoticed',
    breaks: 'two copies of a device write as one',
    file: messaging('store/write-tables.ts'),
    from: "sql('UPDATE device_write SET is_cloned = 1 WHERE agent_id = ?').run(agentId);\n    return refused('E_DEVICE_CLONED', 0);",
    to: 'return undefined;',
    tests: tests('groups'),
  },
  {
    name: 'key-package-given-twice',
    breaks: 'two groups begin with the same key package',
    file: messaging('store/key-package-tables.ts'),
    from: "sql('UPDATE key_package SET body = NULL WHERE number = ?').run(Number(row['number']));",
    to: '',
    tests: tests('key-packages'),
  },
  {
    name: 'blob-hash-unchecked',
    breaks: 'a damaged upload counts as whole',
    file: messaging('blobs/blobs.ts'),
    from: 'if (!equalBytes(await files.hashPart(id), hash)) {',
    to: 'if (!equalBytes(await files.hashPart(id), hash) && id.length === 0) {',
    tests: tests('blobs'),
  },
  {
    name: 'blob-readable-early',
    breaks: 'a blob is read before it is whole',
    file: messaging('blobs/blobs.ts'),
    from: 'if (row?.isWhole !== true || row.expiresAt',
    to: 'if (row === undefined || row.expiresAt',
    tests: tests('blobs'),
  },
  {
    name: 'link-of-a-stranger',
    breaks: 'a device of another account answers a link',
    file: messaging('links/links.ts'),
    from: 'if (link?.accountId !== account) throw',
    to: 'if (link === undefined) throw',
    tests: tests('links'),
  },
];
