/** `agents`: who is enrolled and connected; kick, ban, unban, revoke, forget. `bans`: who is kept out. */
import { defineCommand, type CommandDefinition } from '@sealane/node/cli';
import { durationMs, setting, text } from '@sealane/node/config';
import { AdminClient } from './admin-client.ts';
import { detailLines, printDone, printList, segment, type Column } from './admin-output.ts';
import { dataDirectorySettings } from './settings.ts';
import { timeOf } from './table.ts';

const AGENT_COLUMNS: readonly Column[] = [
  ['AGENT', ({ id }) => id],
  ['ONLINE', ({ online, banned }) => (banned === true ? 'banned' : online)],
  ['ADDRESS', ({ instances }) => addressesOf(instances)],
  ['WAITING', ({ waiting }) => waiting],
  ['LAST SEEN', ({ online, lastSeenAt }) => (online === true ? 'now' : timeOf(lastSeenAt))],
];

const BAN_COLUMNS: readonly Column[] = [
  ['KIND', ({ kind }) => kind],
  ['NAME', ({ name }) => name],
  ['UNTIL', ({ until }) => (until === null ? 'it is lifted' : timeOf(until))],
  ['REASON', ({ reason }) => reason],
];

const agentArgument = { name: 'id', help: 'Id of the agent.' };
const REASON_CHARACTERS_MAX = 256;
const banSettings = {
  ...dataDirectorySettings,
  for: setting(durationMs({ plainUnit: 's', minMs: 1_000 }), {
    help: 'How long; without it until the ban is lifted.',
  }),
  reason: setting(text({ maxLength: REASON_CHARACTERS_MAX }), { help: 'Why, for the list of bans.' }),
};

const list = defineCommand({
  name: 'list',
  summary: 'List the enrolled agents.',
  settings: dataDirectorySettings,
  examples: ['agents list', 'agents list --json'],
  async run(context) {
    const items = new AdminClient(context.settings.dataDir).list('/v1/agents');
    await printList(context, { items, event: 'agent', columns: AGENT_COLUMNS });
  },
});

const show = defineCommand({
  name: 'show',
  summary: 'Show one agent and what waits for it.',
  settings: dataDirectorySettings,
  arguments: [agentArgument],
  examples: ['agents show sensor-7'],
  async run({ settings, arguments: [id], output }) {
    const { body } = await new AdminClient(settings.dataDir).ask('GET', `/v1/agents/${segment(id)}`);
    await output.emit({ event: 'agent', ...body }, detailLines(body).join('\n'));
  },
});

const kick = defineCommand({
  name: 'kick',
  summary: 'End the sessions of an agent; it may come back.',
  settings: dataDirectorySettings,
  arguments: [agentArgument],
  examples: ['agents kick sensor-7'],
  async run(context) {
    const path = `/v1/agents/${segment(context.arguments[0])}/kick`;
    await printDone(context, { method: 'POST', path, event: 'kicked', text: sessionsEnded });
  },
});

const ban = defineCommand({
  name: 'ban',
  summary: 'Keep an agent out.',
  settings: banSettings,
  arguments: [agentArgument],
  examples: ['agents ban sensor-7 --for 1h --reason "floods the queue"'],
  async run(context) {
    const path = `/v1/agents/${segment(context.arguments[0])}/ban`;
    const body = termsOf(context.settings);
    await printDone(context, { method: 'POST', path, body, event: 'banned', text: bannedText });
  },
});

const unban = defineCommand({
  name: 'unban',
  summary: 'Let an agent in again.',
  settings: dataDirectorySettings,
  arguments: [agentArgument],
  examples: ['agents unban sensor-7'],
  async run(context) {
    const path = `/v1/agents/${segment(context.arguments[0])}/ban`;
    await printDone(context, { method: 'DELETE', path, event: 'ban-lifted', text: () => 'The ban is lifted.' });
  },
});

const revoke = defineCommand({
  name: 'revoke',
  summary: 'Forget the key of an agent: it has to enrol anew. Its events stay.',
  settings: dataDirectorySettings,
  arguments: [agentArgument],
  examples: ['agents revoke sensor-7'],
  async run(context) {
    const path = `/v1/agents/${segment(context.arguments[0])}/revoke`;
    await printDone(context, { method: 'POST', path, event: 'revoked', text: sessionsEnded });
  },
});

const forget = defineCommand({
  name: 'forget',
  summary: 'Forget an agent: its key, its queues with all that waits, its usage.',
  settings: dataDirectorySettings,
  arguments: [agentArgument],
  examples: ['agents forget sensor-7'],
  async run(context) {
    const path = `/v1/agents/${segment(context.arguments[0])}`;
    await printDone(context, { method: 'DELETE', path, event: 'forgotten', text: sessionsEnded });
  },
});

export const agents: CommandDefinition = {
  ...list,
  name: 'agents',
  summary: 'List agents; show, kick, ban, revoke, forget one.',
  examples: ['agents', 'agents kick sensor-7', 'agents ban sensor-7 --for 1h'],
  commands: [list, show, kick, ban, unban, revoke, forget],
};

const listBans = defineCommand({
  name: 'list',
  summary: 'List the bans that hold.',
  settings: dataDirectorySettings,
  examples: ['bans list'],
  async run(context) {
    const items = new AdminClient(context.settings.dataDir).list('/v1/bans');
    await printList(context, { items, event: 'ban', columns: BAN_COLUMNS });
  },
});

const addressArgument = { name: 'address', help: 'IP address; of IPv6 its /64 is meant.' };

const banAddress = defineCommand({
  name: 'add',
  summary: 'Keep an address out.',
  settings: banSettings,
  arguments: [addressArgument],
  examples: ['bans add 203.0.113.9 --for 10m'],
  async run(context) {
    const path = `/v1/bans/addresses/${segment(context.arguments[0])}`;
    const body = termsOf(context.settings);
    await printDone(context, { method: 'POST', path, body, event: 'banned', text: bannedText });
  },
});

const liftAddress = defineCommand({
  name: 'lift',
  summary: 'Let an address in again.',
  settings: dataDirectorySettings,
  arguments: [addressArgument],
  examples: ['bans lift 203.0.113.9'],
  async run(context) {
    const path = `/v1/bans/addresses/${segment(context.arguments[0])}`;
    await printDone(context, { method: 'DELETE', path, event: 'ban-lifted', text: () => 'The ban is lifted.' });
  },
});

export const bans: CommandDefinition = {
  ...listBans,
  name: 'bans',
  summary: 'List bans; keep addresses out.',
  examples: ['bans', 'bans add 203.0.113.9 --for 10m'],
  commands: [listBans, banAddress, liftAddress],
};

function termsOf(settings: { readonly for: number | undefined; readonly reason: string | undefined }) {
  const { for: forMs, reason } = settings;
  return { ...(forMs !== undefined && { seconds: Math.ceil(forMs / 1_000) }), ...(reason !== undefined && { reason }) };
}

function bannedText({ until }: Readonly<Record<string, unknown>>): string {
  return until === null ? 'Banned until the ban is lifted.' : `Banned until ${timeOf(until)}.`;
}

function sessionsEnded({ disconnected }: Readonly<Record<string, unknown>>): string {
  if (disconnected === 0) return 'Done; it was not connected.';
  return disconnected === 1 ? 'Done; its session ended.' : `Done; its ${String(disconnected)} sessions ended.`;
}

function addressesOf(instances: unknown): string {
  if (!Array.isArray(instances)) return '-';
  const addresses = instances.flatMap((each: unknown) =>
    typeof each === 'object' && each !== null && 'address' in each ? [String(each.address)] : [],
  );
  return addresses.length === 0 ? '-' : [...new Set(addresses)].join(' ');
}
