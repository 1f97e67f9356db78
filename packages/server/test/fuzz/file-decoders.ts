/** Decoders of the server's small files: permissions, journals of agents and bans, the audit log, what a node noted of Redis. */
import { deepStrictEqual } from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { silentLogger } from '@sealane/node/log';
import { utf8Encode } from '@sealane/shared/bytes';
import { outcomeOf, outcomeOfAsync, type FuzzDecoder } from '@sealane/shared/testing';
import { AgentRegistry, Bans, FileBans } from '../../src/admission/index.ts';
import { AuditLog, verifyAudit } from '../../src/audit/index.ts';
import { CHAIN_START, encodeAuditLine } from '../../src/audit/audit-record.ts';
import { readPermissionsFile } from '../../src/permissions/index.ts';
import { parsePattern } from '../../src/permissions/pattern.ts';
import { ACTIONS } from '../../src/permissions/permissions.ts';
import { readStoreMarker } from '../../src/store/redis/store-marker.ts';
import { Scratch } from '@sealane/node/testing';

const scratch = new Scratch();
const close = (): void => scratch.remove();
const textOf = (input: Uint8Array): string => Buffer.from(input).toString('utf8');
const jsonOf = (value: unknown): Uint8Array => utf8Encode(JSON.stringify(value, undefined, 1));

const RULES = [
  { agents: ['sensor-*'], allow: { request: ['report'], publish: ['a.>'] }, deny: { subscribe: ['>'] } },
  { agents: ['ops.>', '*'], allow: {} },
];

/** Whoever has not proved who they are may do nothing, whatever a file says. */
const permissionsFile: FuzzDecoder = {
  name: 'permissions-file',
  seeds: () => [
    jsonOf({ version: 1, rules: RULES }),
    jsonOf({ version: 1, rules: [] }),
    jsonOf({ version: 2, rules: [] }),
    jsonOf({ version: 1, rules: [{ agents: ['a..b'] }] }),
  ],
  decode(input) {
    const file = scratch.file('permissions.json', input);
    return outcomeOf(() => {
      const permissions = readPermissionsFile(file);
      for (const action of ACTIONS) {
        permissions.authorize({ agentId: 'sensor-7' }, action, 'a.b.c');
        permissions.authorizePattern({ agentId: 'sensor-7' }, action, 'a.>');
        if (permissions.authorize(undefined, action, 'a')) throw new Error('allows anybody');
      }
    }, ['E_CONFIG']);
  },
  close,
};

/** A pattern and a name, each on its line. A pattern that covers another matches what that matches. */
const patterns: FuzzDecoder = {
  name: 'permission-patterns',
  seeds: () =>
    ['sensor.*\nsensor.7', `${'a*'.repeat(60)}b\n${'a'.repeat(250)}`, '>\na', 'a.>\na.*', '*a*\n*'].map(utf8Encode),
  decode(input) {
    const [text = '', name = ''] = textOf(input).split('\n');
    const pattern = parsePattern(text);
    if (pattern === undefined) return 'none';
    const isCovered = pattern.covers(name);
    if (isCovered && !pattern.meets(name)) throw new Error('covers what it does not meet');
    return `${pattern.matches(name)} ${isCovered}`;
  },
};

/** Lines as the journal writes them. */
function journalLines(...records: readonly object[]): Uint8Array {
  const lines = records.map((record) => {
    const body = JSON.stringify(record).slice(0, -1);
    return `${body},"crc":"${crc32(body).toString(16).padStart(8, '0')}"}\n`;
  });
  return utf8Encode(lines.join(''));
}

/** Gives lines that fit their checksum to what reads records; the first byte says whether they are made to fit. */
function withChecksums(input: Uint8Array): Uint8Array {
  if ((input[0] ?? 0) === 0) return input.subarray(1);
  const lines = textOf(input.subarray(1)).split('\n');
  const bodies = lines.slice(0, -1).map((line) => line.replace(/,"crc":"[^"]*"\}$/, ''));
  const checked = bodies.map((body) => `${body},"crc":"${crc32(body).toString(16).padStart(8, '0')}"}\n`);
  return utf8Encode(checked.join('') + (lines.at(-1) ?? ''));
}

const token = { tokenId: 'dG9rZW4', expiresAt: 2_000 };
const agents = journalLines(
  { type: 'enrolled', agentId: 'a', key: 'k', by: 'token', at: 1, token },
  { type: 'banned', agentId: 'a', isBanned: true },
  { type: 'forgotten', agentId: 'a' },
  { type: 'redeemed', ...token },
);
const bans = journalLines(
  { type: 'banned', kind: 'agent', name: 'a', until: 5, reason: 'x', since: 1 },
  { type: 'banned', kind: 'address', name: '10.0.0.1', reason: '', since: 1 },
  { type: 'lifted', kind: 'agent', name: 'a' },
);
const bothWays = (lines: Uint8Array): readonly Uint8Array[] =>
  [0, 1].flatMap((first) => [
    Uint8Array.of(first, ...lines),
    Uint8Array.of(first, ...lines.subarray(0, -9)),
    Uint8Array.of(first, ...utf8Encode('{"a":1\n')),
  ]);

/** What opens can be opened again, and holds the same. */
const agentsFile: FuzzDecoder = {
  name: 'agents-file',
  seeds: () => bothWays(agents),
  decode(input) {
    const file = scratch.file('agents.jsonl', withChecksums(input));
    return outcomeOfAsync(async () => {
      const listed = [];
      for (let time = 0; time < 2; time++) {
        const registry = new AgentRegistry(file, { nowSeconds: 1_000 });
        listed.push(await registry.list({ after: undefined, limit: 100 }));
        await registry.close();
      }
      deepStrictEqual(listed[1], listed[0]);
    }, ['E_DATA']);
  },
  close,
};

const directory = { setBanned: () => Promise.resolve() } as unknown as AgentRegistry;

const bansFile: FuzzDecoder = {
  name: 'bans-file',
  seeds: () => bothWays(bans),
  decode(input) {
    const file = scratch.file('bans.jsonl', withChecksums(input));
    return outcomeOfAsync(async () => {
      const keeper = new FileBans(file, directory);
      const opened = await Bans.open(keeper, { wallClock: () => 3, onBanned: () => undefined });
      opened.list();
      await opened.close();
    }, ['E_DATA']);
  },
  close,
};

function auditLines(): Uint8Array {
  let end = CHAIN_START;
  let text = '';
  for (const action of ['server-started', 'agent-banned', 'server-stopped']) {
    const encoded = encodeAuditLine(end, { at: 0, action, fields: { agent: 'a', count: 1 } });
    text += encoded.line;
    ({ end } = encoded);
  }
  return utf8Encode(text);
}
const AUDIT_LINES = auditLines();

/** Nothing but the lines that were written verifies whole, and a log that is damaged is written on. */
const auditFile: FuzzDecoder = {
  name: 'audit-file',
  seeds: () => [AUDIT_LINES, AUDIT_LINES.subarray(0, -20), utf8Encode('{"number":1}\n'), utf8Encode('')],
  async decode(input) {
    const folder = join(scratch.folder, 'audit');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    scratch.file('audit/audit.jsonl', input);
    const { broken, last } = await verifyAudit(folder);
    if (broken === undefined && last.number >= 3 && !startsAsWritten(input)) throw new Error('a forged log verifies');
    const log = new AuditLog(folder, { log: silentLogger, wallClock: () => 0 });
    log.note('noted');
    await log.close();
    return broken === undefined ? 'ok' : broken.why.replaceAll(/\d+/g, 'N');
  },
  close,
};

/** A log that begins with another number than 1 cannot be checked at its beginning. */
function startsAsWritten(input: Uint8Array): boolean {
  const text = textOf(input).replaceAll('\r', '');
  return textOf(AUDIT_LINES).startsWith(text.trimEnd()) || !text.includes('"number":1,');
}

const storeMarker: FuzzDecoder = {
  name: 'store-marker',
  seeds: () => [jsonOf({ store: 'ab', nextSequence: 1, highestEpoch: 2 }), jsonOf({ store: 1 }), utf8Encode('{')],
  decode: (input) => String(readStoreMarker(scratch.file('redis.json', input)) !== undefined),
  close,
};

export const FILE_DECODERS: readonly FuzzDecoder[] = [
  ...[permissionsFile, patterns, agentsFile, bansFile, auditFile, storeMarker],
];
