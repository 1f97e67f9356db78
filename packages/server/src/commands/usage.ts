/** `usage`: what agents did, by hour or day. */
import { defineCommand } from '@sealane/node/cli';
import { durationMs, oneOf, setting, text } from '@sealane/node/config';
import { AdminClient } from './admin-client.ts';
import { printList, type Column } from './admin-output.ts';
import { dataDirectorySettings } from './settings.ts';
import { timeOf } from './table.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const COLUMNS: readonly Column[] = [
  ['FROM', ({ from }) => timeOf(from)],
  ['AGENT', ({ agent }) => agent],
  ['CONNECTIONS', ({ connections }) => connections],
  ['ONLINE S', ({ onlineMs }) => Math.round(Number(onlineMs) / 1_000)],
  ['IN', ({ eventsIn }) => eventsIn],
  ['OUT', ({ eventsOut }) => eventsOut],
  ['BYTES IN', ({ bytesIn }) => bytesIn],
  ['BYTES OUT', ({ bytesOut }) => bytesOut],
  ['ERRORS', ({ errors }) => errors],
];

export const usage = defineCommand({
  name: 'usage',
  summary: 'Show what agents did: time online, events, bytes.',
  settings: {
    ...dataDirectorySettings,
    since: setting(durationMs({ plainUnit: 's' }), { help: 'How far back.', default: DAY_MS, defaultHelp: '24h' }),
    agent: setting(text({ placeholder: '<id>' }), { help: 'Only this agent.' }),
    period: setting(oneOf(['hour', 'day']), { help: 'Added up by hour, or by day in UTC.', default: 'hour' }),
  },
  examples: ['usage', 'usage --since 30d --period day --json', 'usage --agent sensor-7'],
  async run(context) {
    const { dataDir, since, agent, period } = context.settings;
    const now = Date.now();
    const from = Math.max(0, Math.floor((now - since) / HOUR_MS) * HOUR_MS);
    const query = { from: String(from), to: String(now + 1), agent, period };
    const items = new AdminClient(dataDir).list('/v1/usage', query);
    await printList(context, { items, event: 'usage', columns: COLUMNS });
  },
});
