/** account users, presence and visibility: who is on the server, who is there now, and who may see that of you. */
import { escapeText } from '@sealane/shared/bytes';
import { DIRECTORY_PAGE_MAX } from '@sealane/shared/packets';
import { ConfigError } from '@sealane/shared/errors';
import { explained, integer, setting, text } from '@sealane/node/config';
import { defineCommand } from '@sealane/node/cli';
import { VISIBILITIES, checkedUsername, type UserPresence, type Visibility } from '../messaging/index.ts';
import { connectionSettings } from './connection-settings.ts';
import { withMessaging } from './messaging-context.ts';

export const usersCommand = defineCommand({
  name: 'users',
  summary: 'List the accounts of the server by name, a page at a time.',
  settings: {
    ...connectionSettings,
    after: setting(text({ placeholder: '<user>' }), { help: 'Begin behind this name: the last of the page before.' }),
    limit: setting(integer({ min: 1, max: DIRECTORY_PAGE_MAX }), { help: 'So many names.', default: 100 }),
  },
  examples: ['account users', 'account users --after mallory --limit 20 --json'],
  async run(context) {
    const { settings, output } = context;
    const { limit } = settings;
    const after = settings.after === undefined ? undefined : checkedUsername(settings.after);
    await withMessaging(context, { sync: false }, async (messaging) => {
      const { usernames, hasMore } = await messaging.users.list({ after, limit });
      for (const user of usernames) if (!(await output.emit({ event: 'user', user }, user))) return;
      const last = usernames.at(-1);
      if (!hasMore || last === undefined) return;
      if (output.json) await output.emit({ event: 'more', after: last });
      else output.note(`There are more: account users --after ${last}`);
    });
  },
});

export const presenceCommand = defineCommand({
  name: 'presence',
  summary: 'Show whether a user is online, and since when not, as far as the user shows it.',
  arguments: [{ name: 'user', help: 'Who.' }],
  settings: connectionSettings,
  examples: ['account presence bob', 'account presence bob --json'],
  async run(context) {
    const username = checkedUsername(context.arguments[0] ?? '');
    await withMessaging(context, { sync: false }, async (messaging) => {
      const presence = await messaging.users.presence(username);
      const { displayName, state, lastSeenAt } = presence;
      const lastSeen = lastSeenAt === undefined ? null : new Date(lastSeenAt).toISOString();
      const record = { event: 'presence', user: username, displayName, state, lastSeen };
      await context.output.emit(record, presenceLine(presence));
    });
  },
});

export const visibilityCommand = defineCommand({
  name: 'visibility',
  summary: 'Say who may see whether you are online: nobody, contacts (who share a chat with you), or everybody.',
  arguments: [{ name: 'who', help: `One of ${VISIBILITIES.join(', ')}.` }],
  settings: connectionSettings,
  examples: ['account visibility nobody', 'account visibility contacts'],
  async run(context) {
    const visibility = visibilityOf(context.arguments[0] ?? '');
    await withMessaging(context, { sync: false }, async (messaging) => {
      await messaging.users.setVisibility(visibility);
      await context.output.emit({ event: 'visibility', visibility }, `Visible to ${visibility}.`);
    });
  },
});

function visibilityOf(word: string): Visibility {
  const visibility = VISIBILITIES.find((each) => each === word);
  if (visibility !== undefined) return visibility;
  throw explained(new ConfigError('E_USAGE', `${JSON.stringify(word)} does not say who may see you`), {
    next: `Name one of ${VISIBILITIES.join(', ')}.`,
  });
}

function presenceLine({ username, displayName, state, lastSeenAt }: UserPresence): string {
  const name = displayName === '' ? username : `${username} (${escapeText(displayName)})`;
  if (state === 'online') return `${name} is online.`;
  if (lastSeenAt === undefined) return `${name} does not show whether anybody is there.`;
  return `${name} is away; last seen ${new Date(lastSeenAt).toISOString().slice(0, 16).replace('T', ' ')} UTC.`;
}
