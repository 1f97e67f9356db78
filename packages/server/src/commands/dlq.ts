/** `dlq`: events that were given up. */
import { defineCommand, type CommandDefinition } from '@sealane/node/cli';
import { explained, setting, toggle } from '@sealane/node/config';
import { ConfigError } from '@sealane/shared/errors';
import { AdminClient } from './admin-client.ts';
import { detailLines, printDone, printList, segment, type Column } from './admin-output.ts';
import { dataDirectorySettings } from './settings.ts';
import { timeOf } from './table.ts';

const COLUMNS: readonly Column[] = [
  ['ID', ({ id }) => id],
  ['EVENT', ({ eventId }) => eventId],
  ['QUEUE', ({ subscription }) => subscription],
  ['ATTEMPTS', ({ attempts }) => attempts],
  ['SINCE', ({ deadAt }) => timeOf(deadAt)],
  ['REASON', ({ reason }) => reason],
];

const letterArgument = { name: 'id', help: 'Id of the dead letter, as the list shows it.' };

const list = defineCommand({
  name: 'list',
  summary: 'List dead letters, without their payloads.',
  settings: dataDirectorySettings,
  examples: ['dlq list', 'dlq list --json'],
  async run(context) {
    const items = new AdminClient(context.settings.dataDir).list('/v1/dlq');
    await printList(context, { items, event: 'dead-letter', columns: COLUMNS });
  },
});

const show = defineCommand({
  name: 'show',
  summary: 'Show one dead letter with its failures and its payload.',
  settings: dataDirectorySettings,
  arguments: [letterArgument],
  examples: ['dlq show ID'],
  async run({ settings, arguments: [id], output }) {
    const { body } = await new AdminClient(settings.dataDir).ask('GET', `/v1/dlq/${segment(id)}`);
    await output.emit({ event: 'dead-letter', ...body }, detailLines(body).join('\n'));
  },
});

const redrive = defineCommand({
  name: 'redrive',
  summary: 'Put a dead letter, or with --all every one, back at the end of its queue.',
  settings: { ...dataDirectorySettings, all: setting(toggle(), { help: 'Every dead letter.', default: false }) },
  arguments: [{ ...letterArgument, optional: true }],
  examples: ['dlq redrive ID', 'dlq redrive --all'],
  async run({ settings, arguments: [id], output }) {
    const client = new AdminClient(settings.dataDir);
    const ids = await chosen(client, { id, all: settings.all, verb: 'redrive' });
    for (const each of ids) {
      await client.ask('POST', `/v1/dlq/${segment(each)}/redrive`);
      await output.emit({ event: 'redriven', id: each });
    }
    if (!output.json) await output.raw(`${ids.length} put back.\n`);
  },
});

const purge = defineCommand({
  name: 'purge',
  summary: 'Remove a dead letter, or with --all every one.',
  settings: { ...dataDirectorySettings, all: setting(toggle(), { help: 'Every dead letter.', default: false }) },
  arguments: [{ ...letterArgument, optional: true }],
  examples: ['dlq purge ID', 'dlq purge --all'],
  async run(context) {
    const { all } = context.settings;
    const [id] = context.arguments;
    if (all === (id !== undefined)) throw missing('purge');
    const path = all ? '/v1/dlq?all=true' : `/v1/dlq/${segment(id)}`;
    const text = ({ purged }: Readonly<Record<string, unknown>>): string => `${String(purged)} removed.`;
    await printDone(context, { method: 'DELETE', path, event: 'purged', text });
  },
});

export const dlq: CommandDefinition = {
  ...list,
  name: 'dlq',
  summary: 'List dead letters; show, redrive, purge them.',
  examples: ['dlq', 'dlq redrive ID', 'dlq purge --all'],
  commands: [list, show, redrive, purge],
};

async function chosen(
  client: AdminClient,
  { id, all, verb }: { readonly id: string | undefined; readonly all: boolean; readonly verb: string },
): Promise<readonly string[]> {
  if (all === (id !== undefined)) throw missing(verb);
  if (id !== undefined) return [id];
  const ids: string[] = [];
  for await (const item of client.list('/v1/dlq')) ids.push(String(item['id']));
  return ids;
}

function missing(verb: string): ConfigError {
  return explained(new ConfigError('E_USAGE', 'Name one dead letter, or say --all'), {
    next: `Use: sealane-server dlq ${verb} ID, or sealane-server dlq ${verb} --all`,
  });
}
