/** group: make groups, add and remove members, leave, and see who is in them. */
import { escapeText } from '@sealane/shared/bytes';
import { defineCommand, type CommandDefinition } from '@sealane/node/cli';
import { checkedUsername, type MemberView } from '../messaging/index.ts';
import { connectionSettings } from './connection-settings.ts';
import { withMessaging } from './messaging-context.ts';

const groupArgument = { name: 'group', help: 'The group, by id or name.' } as const;
const usersArgument = { name: 'user', help: 'Who.', variadic: true } as const;

const create = defineCommand({
  name: 'create',
  summary: 'Make a group; members can be named at once.',
  arguments: [
    { name: 'name', help: 'What the group is called.' },
    { ...usersArgument, optional: true },
  ],
  settings: connectionSettings,
  examples: ['group create team', 'group create team bob carol'],
  async run(context) {
    const [name = '', ...users] = context.arguments;
    const usernames = users.map(checkedUsername);
    await withMessaging(context, {}, async (messaging, signal) => {
      const { group } = await messaging.createGroup(name, usernames, signal);
      await messaging.flush();
      await context.output.emit({ group, name }, group);
    });
  },
});

const add = defineCommand({
  name: 'add',
  summary: 'Add users to a group, with all their devices; they see what follows.',
  arguments: [groupArgument, usersArgument],
  settings: connectionSettings,
  examples: ['group add team carol'],
  async run(context) {
    const [name = '', ...users] = context.arguments;
    const usernames = users.map(checkedUsername);
    await withMessaging(context, {}, async (messaging, signal) => {
      const conversation = await messaging.groupNamed(name);
      await messaging.addMembers(conversation, usernames, signal);
      const group = conversation.slice(1);
      await context.output.emit({ event: 'added', group, users: usernames }, `Added ${usernames.join(', ')}`);
    });
  },
});

const remove = defineCommand({
  name: 'remove',
  summary: 'Remove users from a group: they cannot read what follows.',
  arguments: [groupArgument, usersArgument],
  settings: connectionSettings,
  examples: ['group remove team carol'],
  async run(context) {
    const [name = '', ...users] = context.arguments;
    const usernames = users.map(checkedUsername);
    await withMessaging(context, {}, async (messaging, signal) => {
      const conversation = await messaging.groupNamed(name);
      await messaging.removeMembers(conversation, usernames, signal);
      const group = conversation.slice(1);
      await context.output.emit({ event: 'removed', group, users: usernames }, `Removed ${usernames.join(', ')}`);
    });
  },
});

const leave = defineCommand({
  name: 'leave',
  summary: 'Leave a group.',
  arguments: [groupArgument],
  settings: connectionSettings,
  examples: ['group leave team'],
  async run(context) {
    const [name = ''] = context.arguments;
    await withMessaging(context, {}, async (messaging, signal) => {
      const conversation = await messaging.groupNamed(name);
      await messaging.leaveGroup(conversation, signal);
      await context.output.emit({ event: 'left', group: conversation.slice(1) }, `Left ${escapeText(name)}`);
    });
  },
});

const rejoin = defineCommand({
  name: 'rejoin',
  summary: 'Join a group, or a chat with one user, again that this device cannot trust by itself any more.',
  arguments: [{ name: 'group', help: 'The group, by id or name; a chat with one user as @USER.' }],
  settings: connectionSettings,
  examples: ['group rejoin @bob', 'group rejoin team'],
  async run(context) {
    const [name = ''] = context.arguments;
    await withMessaging(context, {}, async (messaging) => {
      const conversation = await messaging.chatNamed(name);
      await messaging.healGroup(conversation);
      await context.output.emit(
        { event: 'rejoined', group: conversation.slice(1) },
        `Joined ${escapeText(name)} again`,
      );
    });
  },
});

const members = defineCommand({
  name: 'members',
  summary: 'List the members of a group with their devices.',
  arguments: [groupArgument],
  settings: connectionSettings,
  examples: ['group members team', 'group members team --json'],
  async run(context) {
    const [name = ''] = context.arguments;
    await withMessaging(context, {}, async (messaging) => {
      for (const member of await messaging.members(await messaging.groupNamed(name))) {
        const { username, trust, isOwn } = member;
        const devices = member.devices.map(({ id, name: called, state }) => ({ device: id, name: called, state }));
        await context.output.emit({ event: 'member', user: username, trust, own: isOwn, devices }, memberLine(member));
      }
    });
  },
});

const list = defineCommand({
  name: 'list',
  summary: 'List the groups of this device.',
  settings: connectionSettings,
  examples: ['group list', 'group list --json'],
  async run(context) {
    await withMessaging(context, {}, async (messaging) => {
      for (const { group, name, state, members: all } of await messaging.groups()) {
        const users = all.map(({ username }) => username);
        const human = `${group}  ${escapeText(name)}  ${state}  ${users.join(', ')}`;
        await context.output.emit({ event: 'group', group, name, state, members: users }, human);
      }
    });
  },
});

function memberLine({ username, trust, isOwn, devices }: MemberView): string {
  const names = devices.map(({ id, state }) => `${escapeText(id)}${state === 'listed' ? '' : ` (${state})`}`);
  return `${username}${isOwn ? ' (you)' : `  ${trust}`}  ${names.join(', ')}`;
}

export const groupCommand: CommandDefinition = {
  name: 'group',
  summary: 'Make groups, add and remove members, leave, list.',
  commands: [create, add, remove, leave, rejoin, members, list],
};
