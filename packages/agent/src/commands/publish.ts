/**
 * publish: one event, or one for each line of stdin. Each is durable in the outbox of the data directory before it is sent,
 * and stays there until the server has stored it: what this command could not deliver, the next one does.
 */
import { escapeText } from '@sealane/shared/bytes';
import { ConfigError, ProtocolError, SealaneError, type ErrorCode } from '@sealane/shared/errors';
import { durationMs, explained, setting, text, toggle, type SettingValues } from '@sealane/node/config';
import { defineCommand, type CommandContext } from '@sealane/node/cli';
import type { Agent } from '../agent/index.ts';
import { AgentDelivery, outgoingEvent, type PublishOptions, type Receipt } from '../delivery/index.ts';
import { connectionSettings } from './connection-settings.ts';
import { withAgent } from './connection.ts';
import { payloadLines } from './payload-lines.ts';

/** More than an event may have, so that its own error is told. */
const PAYLOAD_CHARACTERS_MAX = 1_048_576;

const publishSettings = {
  ...connectionSettings,
  topic: setting(text({ placeholder: '<topic>' }), { help: 'Publish to everybody who subscribes this topic.' }),
  to: setting(text({ placeholder: '<agent:ID>' }), { help: 'Publish to one agent.' }),
  payload: setting(text({ minLength: 0, maxLength: PAYLOAD_CHARACTERS_MAX }), { help: 'What to publish.' }),
  'stdin-lines': setting(toggle(), { help: 'Publish each line of stdin.', default: false }),
  'event-id': setting(text({ placeholder: '<id>' }), {
    help: 'Id of the event: published again with the same id within 24 h, it is stored once.',
  }),
  ttl: setting(durationMs({ plainUnit: 's', minMs: 1, maxMs: 31_536_000_000 }), {
    help: 'After this time the event is not delivered any more.',
  }),
  delay: setting(durationMs({ plainUnit: 's', minMs: 0, maxMs: 2_592_000_000 }), {
    help: 'Time before the first delivery.',
  }),
  relaxed: setting(toggle(), {
    help: 'Allow the server to answer before the event is safe on its disk.',
    default: false,
  }),
  'queue-only': setting(toggle(), {
    help: 'Store in the outbox of this agent and connect to nobody; the next publish, start or listen sends it.',
    default: false,
  }),
};

type PublishContext = CommandContext<typeof publishSettings>;

/** Lines that are under way at once. */
const UNDER_WAY_MAX = 1_024;
/** Ends of a wait after which the event is still in the outbox. */
const stayingCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'E_CANCELLED',
  'E_CLOSED',
  'E_TIMEOUT',
  'E_NO_EVENTS',
]);
/** Without --timeout, so long without a receipt is enough. */
const PATIENCE_MS = 30_000;

export const publishCommand = defineCommand({
  name: 'publish',
  summary: 'Publish events, durably: to a topic or to one agent.',
  settings: publishSettings,
  examples: [
    'publish --topic fleet.eu.temperature --payload 21.5',
    'publish --to agent:ID --payload hello',
    'publish --topic readings --stdin-lines --json < readings.txt',
  ],
  async run(context) {
    const to = recipient(context.settings);
    if (context.settings.queueOnly) await queueOnly(context, to);
    else await publishAll(context, to);
  },
});

async function publishAll(context: PublishContext, to: string): Promise<void> {
  const { settings } = context;
  const patience = new Patience(settings.timeout === undefined ? PATIENCE_MS : undefined);
  let agent: Agent | undefined;
  try {
    await withAgent(context, { reconnect: true, waitForServer: false }, async (connected, signal) => {
      agent = connected;
      const options = { ...publishOptions(settings), timeoutMs: 0, signal };
      const published = eachPayload(context, async (payload) => {
        const receipt = await patience.during(connected.publish(to, payload, options));
        return () => printReceipt(context, receipt);
      });
      await Promise.race([published, untilClosed(connected), patience.isOver]);
    });
  } catch (error) {
    throw error === patience.error ? patienceError(agent) : error;
  } finally {
    patience.end();
    if (patience.waiting > 0)
      context.output.note(`${patience.waiting} stay in the outbox and go out with the next connection.`);
  }
}

async function queueOnly(context: PublishContext, to: string): Promise<void> {
  const { settings, log } = context;
  const { dataDir } = settings;
  const delivery = new AgentDelivery({ dataDir, sendsLeft: false, log, onRefused: () => undefined });
  try {
    await eachPayload(context, async (payload) => {
      const { id } = await delivery.queue(outgoingEvent(to, payload, publishOptions(settings)));
      return () => context.output.emit({ event: 'queued', id }, `Queued ${escapeText(id)}`);
    });
  } finally {
    await delivery.close(new ProtocolError('E_CLOSED'));
  }
}

/**
 * Has every payload published, many at once, and the outcomes printed in their order. Stops at the first failure.
 *
 * @param publish resolves with what prints the outcome.
 */
async function eachPayload(
  { settings, stdin, shutdown }: PublishContext,
  publish: (payload: string) => Promise<() => Promise<unknown>>,
): Promise<void> {
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  shutdown.signal.addEventListener('abort', () => failed.reject(new ProtocolError('E_CANCELLED')), { once: true });
  const publishEach = async (): Promise<void> => {
    const steps: Promise<unknown>[] = [];
    for await (const payload of settings.payload === undefined ? payloadLines(stdin) : [settings.payload]) {
      const published = publish(payload);
      const before = steps.at(-1);
      const step = Promise.all([published, before]).then(([print]) => print());
      step.catch((error: unknown) => failed.reject(error));
      steps.push(step);
      if (steps.length > UNDER_WAY_MAX) await steps.shift();
    }
    await Promise.all(steps);
  };
  try {
    await Promise.race([publishEach(), failed.promise]);
  } finally {
    if (settings.payload === undefined) stdin.destroy();
  }
}

function printReceipt({ output }: PublishContext, { id, sequence, durability }: Receipt): Promise<boolean> {
  return output.emit({ event: 'receipt', id, sequence, durability }, `Stored ${escapeText(id)} (${sequence})`);
}

/** @throws what ended the agent for good. */
async function untilClosed(agent: Agent): Promise<never> {
  const { error } = await agent.whenClosed;
  throw error ?? new ProtocolError('E_CANCELLED');
}

/** Time without a receipt, while one is waited for, after which it is enough. */
class Patience {
  readonly error = new ProtocolError('E_TIMEOUT');
  readonly #patienceMs: number | undefined;
  readonly #over = Promise.withResolvers<never>();
  #timer: NodeJS.Timeout | undefined;
  #waiting = 0;

  constructor(patienceMs: number | undefined) {
    this.#patienceMs = patienceMs;
    this.#over.promise.catch(() => undefined);
  }

  get isOver(): Promise<never> {
    return this.#over.promise;
  }

  /** Events that have no receipt and were not refused. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Waits for a receipt. */
  async during(receipt: Promise<Receipt>): Promise<Receipt> {
    this.#waiting += 1;
    if (this.#waiting === 1) this.#restart();
    let stays = false;
    try {
      return await receipt;
    } catch (error) {
      stays = error instanceof SealaneError && stayingCodes.has(error.code);
      throw error;
    } finally {
      if (!stays) this.#waiting -= 1;
      this.#restart();
    }
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #restart(): void {
    clearTimeout(this.#timer);
    if (this.#patienceMs === undefined || this.#waiting === 0) return;
    this.#timer = setTimeout(() => this.#over.reject(this.error), this.#patienceMs);
  }
}

function patienceError(agent: Agent | undefined): SealaneError {
  const message = `No receipt came for ${PATIENCE_MS / 1_000} s`;
  if (agent?.state.state === 'reconnecting') return agent.state.error;
  return explained(new ProtocolError('E_TIMEOUT', message), { next: 'Allow more time with --timeout.' });
}

function publishOptions(settings: SettingValues<typeof publishSettings>): PublishOptions {
  const { eventId, ttl, delay, relaxed } = settings;
  return { id: eventId, ttlMs: ttl, delayMs: delay, durability: relaxed ? 'relaxed' : 'durable' };
}

function recipient(settings: SettingValues<typeof publishSettings>): string {
  const { topic, to, payload, stdinLines, eventId } = settings;
  if ((topic === undefined) === (to === undefined))
    throw new ConfigError('E_USAGE', 'publish needs either --topic NAME or --to agent:ID');
  if ((payload === undefined) === !stdinLines)
    throw new ConfigError('E_USAGE', 'publish needs either --payload TEXT or --stdin-lines');
  if (eventId !== undefined && stdinLines)
    throw new ConfigError('E_USAGE', '--event-id names one event: it does not go with --stdin-lines');
  if (to !== undefined && !/^agent:./s.test(to))
    throw new ConfigError('E_USAGE', `--to: expected agent:ID, got ${JSON.stringify(to)}`);
  return to ?? `topic:${topic ?? ''}`;
}
