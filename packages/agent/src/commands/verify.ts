/** verify: the safety number of a user, which both compare over another way, and what came of it. */
import { ConfigError } from '@sealane/shared/errors';
import { setting, toggle } from '@sealane/node/config';
import { defineCommand } from '@sealane/node/cli';
import { checkedUsername } from '../messaging/index.ts';
import { connectionSettings } from './connection-settings.ts';
import { withMessaging } from './messaging-context.ts';
import { qrCode } from './qr-code.ts';

export const verifyCommand = defineCommand({
  name: 'verify',
  summary: 'Show the safety number of a user: both see the same one, unless somebody stands between you.',
  arguments: [{ name: 'user', help: 'Who.' }],
  settings: {
    ...connectionSettings,
    confirm: setting(toggle(), { help: 'You compared the numbers, and they are the same.', default: false }),
    accept: setting(toggle(), {
      help: 'Take a changed identity without comparing; it is unverified then.',
      default: false,
    }),
  },
  examples: ['verify bob', 'verify bob --confirm'],
  async run(context) {
    const { settings, output } = context;
    const username = checkedUsername(context.arguments[0] ?? '');
    if (settings.confirm && settings.accept) throw new ConfigError('E_USAGE', 'Use either --confirm or --accept');
    await withMessaging(context, {}, async (messaging) => {
      let number = await messaging.safetyNumber(username);
      if (settings.confirm) await messaging.confirmSafetyNumber(username);
      if (settings.accept) await messaging.acceptIdentity(username);
      if (settings.confirm || settings.accept) number = await messaging.safetyNumber(username);
      const { digits, code, trust } = number;
      const state = trust === 'changed' ? 'CHANGED since you verified it' : trust;
      const record = { safetyNumber: digits, verified: trust === 'verified', user: username, trust, code };
      const picture = qrCode(code, output);
      const shown = picture === '' ? inLines(digits) : `${inLines(digits)}\n\n${picture}`;
      await output.emit(record, `${username}: ${state}\n\n${shown}\n`);
    });
  },
});

/** Twelve groups as three lines of four. */
function inLines(digits: string): string {
  const groups = digits.split(' ');
  return [0, 4, 8].map((at) => `  ${groups.slice(at, at + 4).join('  ')}`).join('\n');
}
