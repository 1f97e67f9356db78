/** account: register, log in and out, show, change the password, delete. */
import { escapeText } from '@sealane/shared/bytes';
import { parseEnrolmentToken } from '@sealane/shared/documents';
import { ConfigError } from '@sealane/shared/errors';
import { setting, text, toggle } from '@sealane/node/config';
import { defineCommand, type CommandDefinition } from '@sealane/node/cli';
import { checkedUsername } from '../messaging/index.ts';
import { checkCommand } from './account-check.ts';
import { presenceCommand, usersCommand, visibilityCommand } from './account-users.ts';
import { connectionSettings } from './connection-settings.ts';
import { withMessaging } from './messaging-context.ts';
import { secretOf } from './secret-prompt.ts';

const userArgument = { name: 'user', help: 'Name of the account: 3 to 32 of a to z, digits, _ and -.' } as const;
const passwordSetting = setting(text({ maxLength: 1_024 }), { help: 'Password of the account.', secret: true });
const deviceNameSetting = setting(text({ maxLength: 64 }), {
  help: 'What this device is called in the list of your devices.',
});

const register = defineCommand({
  name: 'register',
  summary: 'Make an account; this device is its first.',
  arguments: [userArgument],
  settings: {
    ...connectionSettings,
    password: passwordSetting,
    'device-name': deviceNameSetting,
    'registration-token': setting(text(), { help: 'Token of the operator for making an account.', secret: true }),
  },
  examples: ['account register alice --password-file ./password', 'account register alice'],
  async run(context) {
    const { settings, output } = context;
    const username = checkedUsername(context.arguments[0] ?? '');
    const password = await secretOf(context, settings.password, {
      flag: 'password',
      prompt: 'Password',
      isRepeated: true,
    });
    const registrationToken = tokenBytes(settings.registrationToken);
    await withMessaging(context, { sync: false, needsAccount: false }, async (messaging) => {
      const deviceName = settings.deviceName ?? '';
      const made = await messaging.accounts.register(username, { password, deviceName, registrationToken });
      const device = (await messaging.accounts.show())?.agentId;
      const human = [
        `The account ${username} is made.`,
        '',
        'Its recovery key, shown this once. Write it down: with it you get your account back when all devices are lost,',
        'and whoever has it can take the account.',
        '',
        `  ${made.recoveryKey}`,
      ];
      const record = { event: 'registered', username, device, recoveryKey: made.recoveryKey };
      if (await output.emit(record, human.join('\n'))) await messaging.accounts.recoveryKeyShown();
    });
  },
});

const login = defineCommand({
  name: 'login',
  summary: 'Log in: this device by its key, a new one by password; then link it, or give the recovery key.',
  arguments: [userArgument],
  settings: {
    ...connectionSettings,
    password: passwordSetting,
    'device-name': deviceNameSetting,
    'recovery-key': setting(text(), { help: 'Recovery key, for an account whose devices are lost.', secret: true }),
  },
  examples: [
    'account login alice --password-file ./password',
    'account login alice --recovery-key-file ./recovery-key',
  ],
  async run(context) {
    const { settings, output } = context;
    const username = checkedUsername(context.arguments[0] ?? '');
    const { recoveryKey, deviceName = '' } = settings;
    await withMessaging(context, { sync: false, needsAccount: false }, async (messaging) => {
      const isListedHere = (await messaging.accounts.show())?.isListed === true;
      const isAsked = settings.password === undefined && !isListedHere;
      const password = isAsked
        ? await secretOf(context, undefined, { flag: 'password', prompt: 'Password' })
        : settings.password;
      let { isListed } = await messaging.accounts.login(username, { password, deviceName });
      if (!isListed && recoveryKey !== undefined) {
        await messaging.accounts.recover(recoveryKey);
        isListed = true;
      }
      const next = isListed ? '' : ' This device is not linked yet: run device link.';
      await output.emit({ event: 'logged-in', username, listed: isListed }, `Logged in as ${username}.${next}`);
    });
  },
});

const logout = defineCommand({
  name: 'logout',
  summary: 'End the session of this device; keys and messages stay here.',
  settings: {
    ...connectionSettings,
    everywhere: setting(toggle(), { help: 'End the sessions of all devices.', default: false }),
  },
  examples: ['account logout', 'account logout --everywhere'],
  async run(context) {
    await withMessaging(context, { sync: false }, async (messaging) => {
      await messaging.accounts.logout({ everywhere: context.settings.everywhere });
      await context.output.emit({ event: 'logged-out' }, 'Logged out.');
    });
  },
});

const show = defineCommand({
  name: 'show',
  summary: 'Show the account of this device.',
  settings: connectionSettings,
  examples: ['account show', 'account show --json'],
  async run(context) {
    const { output } = context;
    await withMessaging(context, { online: false, needsAccount: false }, async (messaging) => {
      const account = await messaging.accounts.show();
      if (account === undefined || account.phase === 'registering')
        throw new ConfigError('E_NO_ACCOUNT_HERE', 'This data directory has no account');
      const { username, agentId, deviceName, isListed, isLoggedIn, phase, recoveryKey } = account;
      const rows = [
        `account    ${username}`,
        `device     ${escapeText(agentId)}${deviceName === '' ? '' : ` (${escapeText(deviceName)})`}`,
        `state      ${phase}${isLoggedIn ? ', logged in' : ', logged out'}`,
        ...(recoveryKey === undefined ? [] : [`recovery   ${recoveryKey}`]),
      ];
      const record = {
        event: 'account',
        username,
        device: agentId,
        deviceName,
        listed: isListed,
        loggedIn: isLoggedIn,
      };
      const isTold = await output.emit(
        { ...record, ...(recoveryKey !== undefined && { recoveryKey }) },
        rows.join('\n'),
      );
      if (recoveryKey !== undefined && isTold) await messaging.accounts.recoveryKeyShown();
    });
  },
});

const password = defineCommand({
  name: 'password',
  summary: 'Change the password; other sessions end.',
  settings: {
    ...connectionSettings,
    password: passwordSetting,
    'new-password': setting(text({ maxLength: 1_024 }), { help: 'Password from now on.', secret: true }),
  },
  examples: ['account password --password-file ./old --new-password-file ./new'],
  async run(context) {
    const { settings, output } = context;
    const present = await secretOf(context, settings.password, { flag: 'password', prompt: 'Present password' });
    const about = { flag: 'new-password', prompt: 'New password', isRepeated: true };
    const next = await secretOf(context, settings.newPassword, about);
    await withMessaging(context, { sync: false }, async (messaging) => {
      await messaging.accounts.changePassword(present, next);
      await output.emit({ event: 'password-changed' }, 'The password is changed.');
    });
  },
});

const remove = defineCommand({
  name: 'delete',
  summary: 'End the account for good; its name is not given away again.',
  settings: {
    ...connectionSettings,
    password: passwordSetting,
    yes: setting(toggle(), { help: 'Do it.', default: false }),
  },
  examples: ['account delete --password-file ./password --yes'],
  async run(context) {
    const { settings, output } = context;
    if (!settings.yes) throw new ConfigError('E_USAGE', 'This ends the account for good: add --yes');
    const given = await secretOf(context, settings.password, { flag: 'password', prompt: 'Password' });
    await withMessaging(context, { sync: false }, async (messaging) => {
      await messaging.accounts.delete(given);
      await output.emit({ event: 'account-deleted' }, 'The account is deleted.');
    });
  },
});

export const accountCommand: CommandDefinition = {
  name: 'account',
  summary: 'Make an account, log in and out, change or delete it; see who else is there.',
  commands: [
    register,
    login,
    logout,
    show,
    password,
    usersCommand,
    presenceCommand,
    visibilityCommand,
    checkCommand,
    remove,
  ],
};

function tokenBytes(token: string | undefined): Uint8Array | undefined {
  if (token === undefined) return undefined;
  const parsed = parseEnrolmentToken(token);
  if (parsed === undefined)
    throw new ConfigError('E_TOKEN_INVALID', 'The registration token is damaged or not complete');
  return parsed.bytes;
}
