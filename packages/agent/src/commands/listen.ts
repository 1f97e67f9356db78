/**
 * listen: stay connected and print what comes in: events of a topic, or, without --topic, events and requests that are
 * addressed to this agent; a request is answered with what it said.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { escapeText, toBase64, utf8Decode } from '@sealane/shared/bytes';
import { TEXT_CONTENT_TYPE, type Content, type IncomingRequest } from '@sealane/shared/channel';
import { ConfigError, ProtocolError, SealaneError, type ErrorCode } from '@sealane/shared/errors';
import { isGroupName, isTopicPattern } from '@sealane/shared/topics';
import { integer, setting, text, toggle, type SettingValues } from '@sealane/node/config';
import { defineCommand, type CommandContext, type Output } from '@sealane/node/cli';
import type { Agent } from '../agent/index.ts';
import type { DeliveredEvent, Subscription } from '../delivery/index.ts';
import { connectionSettings } from './connection-settings.ts';
import { withAgent } from './connection.ts';
import { EventAnswers } from './event-answers.ts';
import { printDelivery, printSkipped } from './event-output.ts';

const listenSettings = {
  ...connectionSettings,
  topic: setting(text({ placeholder: '<pattern>' }), {
    help: 'Print the events of these topics instead: * stands for one level, > for all that follow.',
  }),
  group: setting(text({ placeholder: '<name>' }), { help: 'Share the events of --topic with others of this group.' }),
  count: setting(integer({ min: 1, max: 1_000_000_000 }), {
    help: 'End after this many lines of requests and deliveries, once all are answered.',
  }),
  'fail-first': setting(integer({ min: 0, max: 1_000 }), {
    help: 'Refuse the first attempts of each event, so that it comes again.',
    default: 0,
  }),
  'manual-ack': setting(toggle(), {
    help: 'Ack nothing by itself: read "ack ID", "nack ID [REASON]" and "progress ID" from stdin.',
    default: false,
  }),
};

type ListenContext = CommandContext<typeof listenSettings>;

/** Deliveries that are taken at once. */
const WINDOW_EVENTS = 256;

/** Refusals of events after which requests are still worth listening to. */
const requestsAloneCodes: ReadonlySet<ErrorCode> = new Set(['E_NO_EVENTS', 'E_FORBIDDEN']);

export const listenCommand = defineCommand({
  name: 'listen',
  summary: 'Print events and requests that come in; answer each request with its own content (echo).',
  life: 'listener',
  settings: listenSettings,
  examples: ['listen', "listen --topic 'fleet.>' --json", 'listen --json --count 10 --timeout 60'],
  async run(context) {
    checkSettings(context.settings);
    try {
      await listen(context);
    } catch (error) {
      const timeIsUp = error instanceof SealaneError && error.code === 'E_TIMEOUT';
      if (!timeIsUp || context.settings.count !== undefined) throw error;
    }
  },
});

async function listen(context: ListenContext): Promise<void> {
  const { settings, stdin, output } = context;
  const enough = Promise.withResolvers<undefined>();
  enough.promise.catch(() => undefined);
  let subscription: Subscription | undefined;
  const answers = new EventAnswers({
    count: settings.count,
    failFirst: settings.failFirst,
    isManual: settings.manualAck,
    onEnough() {
      // With the last ack, before the server delivers more.
      void subscription?.drain().then(() => enough.resolve(undefined));
    },
  });
  const prepare = (agent: Agent): void => {
    if (settings.topic === undefined) agent.handleOther((request) => answerRequest(output, answers, request));
    subscription = subscribe(agent, context, answers);
    void subscription.whenEnded.then((error) => {
      if (error !== undefined && error.code !== 'E_CLOSED' && !isRequestsAlone(context, error)) enough.reject(error);
    });
  };
  const stopReading = settings.manualAck ? readAnswers(stdin, output, answers) : undefined;
  try {
    const instance = instanceOf(settings);
    await withAgent(context, { instance, reconnect: true, tellStates: true, prepare }, async (agent) => {
      const closed = await Promise.race([enough.promise, agent.whenClosed]);
      if (closed !== undefined) throw closed.error ?? new ProtocolError('E_CANCELLED');
    });
  } finally {
    stopReading?.();
  }
}

/** The events are handed out in order; each is printed before it is answered. */
function subscribe(agent: Agent, { settings, output }: ListenContext, answers: EventAnswers): Subscription {
  const { topic = null, group, count } = settings;
  const announced = Promise.withResolvers<unknown>();
  const subscription = agent.subscribe(
    topic,
    async (event: DeliveredEvent) => {
      await announced.promise;
      // What is not printed stays unanswered, and comes to whoever listens next.
      if (answers.takes(event) && (await printDelivery(output, event))) await answers.printed(event);
    },
    {
      group,
      acknowledge: 'manual',
      ...(count !== undefined && { windowEvents: Math.min(count, WINDOW_EVENTS) }),
      onSkipped: (skipped) => {
        void printSkipped(output, skipped);
        answers.skipped(skipped);
      },
    },
  );
  subscription.ready.then(
    ({ waiting, durability }) => {
      const what = topic === null ? 'events addressed to this agent' : escapeText(topic);
      const human = topic === null ? undefined : `Subscribed to ${what}; ${waiting} waiting`;
      announced.resolve(output.emit({ event: 'subscribed', topic, group: group ?? null, waiting, durability }, human));
    },
    () => undefined,
  );
  return subscription;
}

/** Without --topic, a server that gives this agent no events may still have requests for it. */
function isRequestsAlone({ settings, output }: ListenContext, error: SealaneError): boolean {
  if (settings.topic !== undefined || !requestsAloneCodes.has(error.code)) return false;
  output.note(`No events are delivered (${error.code}); listening to requests alone.`);
  return true;
}

async function answerRequest(output: Output, answers: EventAnswers, request: IncomingRequest): Promise<Content> {
  await printRequest(output, request);
  answers.takes();
  // After the reply is on its way.
  setImmediate(() => answers.check());
  return request.contentType === TEXT_CONTENT_TYPE ? request.text() : request.body;
}

async function printRequest(output: Output, { from, name, body }: IncomingRequest): Promise<void> {
  const said = utf8Decode(body);
  const content = said === undefined ? { base64: toBase64(body) } : { text: said };
  const shown = said === undefined ? `${body.length} bytes` : escapeText(said);
  const human = `${escapeText(from ?? 'server')} ${escapeText(name)}: ${shown}`;
  await output.emit({ event: 'request', from, name, ...content }, human);
}

/** @returns what ends the reading. */
function readAnswers(stdin: ListenContext['stdin'], output: Output, answers: EventAnswers): () => void {
  const lines = createInterface({ input: stdin, terminal: false });
  lines.on('line', (line) => {
    if (line.trim() === '') return;
    void answers.answer(line).then((wrong) => {
      if (wrong !== undefined) output.warn(escapeText(wrong));
    });
  });
  lines.on('close', () => answers.endAnswers());
  stdin.on('error', () => lines.close());
  return () => {
    lines.close();
    stdin.destroy();
  };
}

/**
 * Whoever listens to the same again takes over from the process of before; different topics, and members of one group, run
 * side by side. What is addressed to the agent goes to its instance main.
 */
function instanceOf({ topic, group }: SettingValues<typeof listenSettings>): string {
  if (topic === undefined) return 'main';
  if (group !== undefined) return `listen-${randomBytes(8).toString('hex')}`;
  return `listen-${createHash('sha256').update(topic).digest('hex').slice(0, 16)}`;
}

function checkSettings({ topic, group, manualAck, failFirst }: SettingValues<typeof listenSettings>): void {
  if (topic !== undefined && !isTopicPattern(topic))
    throw new ConfigError('E_USAGE', `--topic: ${JSON.stringify(topic)} is no pattern of topics`);
  if (group !== undefined && topic === undefined) throw new ConfigError('E_USAGE', '--group needs --topic');
  if (group !== undefined && !isGroupName(group))
    throw new ConfigError('E_USAGE', `--group: ${JSON.stringify(group)} is no name of a group`);
  if (manualAck && failFirst > 0) throw new ConfigError('E_USAGE', 'Use either --manual-ack or --fail-first');
}
