/** `events`: what waits. `publish`: an event in the name of the server. */
import { defineCommand } from '@sealane/node/cli';
import { durationMs, explained, setting, text, toggle } from '@sealane/node/config';
import { ConfigError } from '@sealane/shared/errors';
import { EVENT_BODY_BYTES_MAX } from '@sealane/shared/packets';
import { AdminClient } from './admin-client.ts';
import { printList, type Column } from './admin-output.ts';
import { dataDirectorySettings } from './settings.ts';

const COLUMNS: readonly Column[] = [
  ['QUEUE', ({ queue }) => queue],
  ['WAITING', ({ waiting }) => waiting],
  ['BYTES', ({ waitingBytes }) => waitingBytes],
  ['NEXT', ({ nextSequence }) => nextSequence],
];

export const events = defineCommand({
  name: 'events',
  summary: 'List the queues in which events wait.',
  settings: dataDirectorySettings,
  examples: ['events', 'events --json'],
  async run(context) {
    const items = new AdminClient(context.settings.dataDir).list('/v1/events');
    await printList(context, { items, event: 'queue', columns: COLUMNS });
  },
});

export const publish = defineCommand({
  name: 'publish',
  summary: 'Publish an event in the name of the server.',
  settings: {
    ...dataDirectorySettings,
    topic: setting(text({ placeholder: '<topic>' }), { help: 'Publish to everybody who subscribes this topic.' }),
    to: setting(text({ placeholder: '<agent:ID>' }), { help: 'Publish to one agent.' }),
    payload: setting(text({ minLength: 0, maxLength: EVENT_BODY_BYTES_MAX }), { help: 'What to publish.' }),
    'json-payload': setting(toggle(), { help: 'Take the payload as JSON, not as a string.', default: false }),
    'event-id': setting(text({ placeholder: '<id>' }), {
      help: 'Id of the event: published again with the same id within 24 h, it is stored once.',
    }),
    ttl: setting(durationMs({ plainUnit: 's', minMs: 1 }), {
      help: 'After this time the event is not delivered any more.',
    }),
    delay: setting(durationMs({ plainUnit: 's' }), { help: 'Time before the first delivery.' }),
  },
  examples: [
    'publish --topic fleet.restart --payload now',
    'publish --to agent:sensor-7 --payload \'{"rate":5}\' --json-payload',
  ],
  async run({ settings, output }) {
    const { dataDir, payload, jsonPayload, eventId, ttl, delay } = settings;
    if (payload === undefined) throw usage('The flag --payload is missing');
    const { status, body } = await new AdminClient(dataDir).ask('POST', '/v1/events', {
      to: recipient(settings),
      payload: jsonPayload ? parse(payload) : payload,
      ...(eventId !== undefined && { id: eventId }),
      ...(ttl !== undefined && { ttlMs: ttl }),
      ...(delay !== undefined && { delayMs: delay }),
    });
    const { id, sequence, durability } = body;
    const was = status === 200 ? 'was stored before' : 'stored';
    const line = `${String(id)}: ${was}, number ${String(sequence)}, ${String(durability)}`;
    await output.emit({ event: 'receipt', id, sequence, durability }, line);
  },
});

function recipient({ topic, to }: { readonly topic: string | undefined; readonly to: string | undefined }): string {
  if (topic !== undefined && to === undefined) return `topic:${topic}`;
  if (topic === undefined && to !== undefined) {
    if (/^(agent|topic):./.test(to)) return to;
    throw usage(`--to: expected agent:ID, got ${JSON.stringify(to)}`);
  }
  throw usage('Name one address: --topic or --to');
}

function parse(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    throw usage('--payload is not valid JSON');
  }
}

function usage(message: string): ConfigError {
  return explained(new ConfigError('E_USAGE', message), { next: 'See sealane-server publish --help.' });
}
