/** device: link a new device, approve it at one that is listed, list and revoke devices. */
import { escapeText } from '@sealane/shared/bytes';
import { setting, text } from '@sealane/node/config';
import { defineCommand, type CommandDefinition } from '@sealane/node/cli';
import { connectionSettings } from './connection-settings.ts';
import { withMessaging } from './messaging-context.ts';
import { qrCode } from './qr-code.ts';

const link = defineCommand({
  name: 'link',
  summary:
    'Link this device to the account that it is logged in to: show a code, and wait until another device approves it.',
  settings: connectionSettings,
  examples: ['account login alice --password-file ./password', 'device link'],
  async run(context) {
    const { output } = context;
    await withMessaging(context, { sync: false, reconnect: true }, async (messaging, signal) => {
      await messaging.listen();
      const { code, linked } = await messaging.devices.link();
      const picture = qrCode(code, output);
      await output.emit(
        { event: 'link-code', code },
        `Enter this at another device (device approve CODE):\n\n${code}\n${picture === '' ? '' : `\n${picture}`}`,
      );
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
      await Promise.race([linked, aborted]);
      await output.emit({ event: 'linked' }, 'This device is linked.');
    });
  },
});

const approve = defineCommand({
  name: 'approve',
  summary: 'Approve the new device that shows this code, and add it to your chats.',
  arguments: [{ name: 'code', help: 'The code, as device link shows it.' }],
  settings: {
    ...connectionSettings,
    'device-name': setting(text({ maxLength: 64 }), { help: 'What the new device is called from now on.' }),
  },
  examples: ['device approve sealane-link-AbC…'],
  async run(context) {
    const { settings, output } = context;
    await withMessaging(context, {}, async (messaging) => {
      const { agentId, groups } = await messaging.devices.approve(context.arguments[0] ?? '', settings.deviceName);
      const human = `${escapeText(agentId)} is linked and in ${groups} ${groups === 1 ? 'chat' : 'chats'}.`;
      await output.emit({ event: 'approved', device: agentId, groups }, human);
    });
  },
});

const list = defineCommand({
  name: 'list',
  summary: 'List the devices of your account.',
  settings: connectionSettings,
  examples: ['device list', 'device list --json'],
  async run(context) {
    const { output } = context;
    await withMessaging(context, { sync: false }, async (messaging) => {
      for (const { agentId, name, state, notAfter, isThis } of await messaging.devices.list()) {
        const until = new Date(notAfter * 1_000).toISOString();
        const human = `${escapeText(agentId)}  ${state}  until ${until.slice(0, 10)}  ${escapeText(name)}${isThis ? ' (this one)' : ''}`;
        await output.emit({ event: 'device', device: agentId, name, state, notAfter: until, this: isThis }, human);
      }
    });
  },
});

const revoke = defineCommand({
  name: 'revoke',
  summary: 'End the rights of a device for good and remove it from your chats.',
  arguments: [{ name: 'device', help: 'Id of the device, as device list shows it.' }],
  settings: {
    ...connectionSettings,
    'recovery-key': setting(text(), { help: 'Recovery key: then no device can list it again.', secret: true }),
  },
  examples: ['device revoke agent-0123456789abcdef'],
  async run(context) {
    const { settings, output } = context;
    const [device = ''] = context.arguments;
    await withMessaging(context, {}, async (messaging) => {
      await messaging.devices.revoke(device, settings.recoveryKey);
      await output.emit({ event: 'revoked', device }, `${escapeText(device)} is revoked.`);
    });
  },
});

export const deviceCommand: CommandDefinition = {
  name: 'device',
  summary: 'Link, approve, list and revoke the devices of your account.',
  commands: [link, approve, list, revoke],
};
