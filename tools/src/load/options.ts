/** Arguments of the load generator. */
import { readFileSync } from 'node:fs';
import { parseAddress, type Address } from '@sealane/node/config';
import { parseFaults, type DirectedFaults } from '@sealane/node/testing';
import { knownOptions, wholeWithin } from '../options/known-options.ts';
import { EVENT_BYTES_MIN } from './event-body.ts';

/** Kinds of work. `publish` and `request` share the events per second by their weights; agents either subscribe or not. */
export interface Mix {
  readonly publish: number;
  readonly request: number;
  readonly subscribe: boolean;
}

export interface LoadOptions {
  readonly agents: number;
  /** Processes that the agents are spread over. */
  readonly processes: number;
  /** Events and requests of all agents together. 0: idle. */
  readonly eventsPerSecond: number;
  readonly durationSeconds: number;
  readonly eventBytes: number;
  /** Each agent subscribes one of them: with fewer topics than agents, an event goes to several. */
  readonly topics: number;
  readonly mix: Mix;
  /** Cuts all connections halfway. */
  readonly reconnectStorm: boolean;
  /** Of the way to the server, while there is work; undefined for a direct way. */
  readonly faults: DirectedFaults | undefined;
  readonly seed: number;
  /** Undefined starts a server. */
  readonly server: Address | undefined;
  readonly serverKey: string | undefined;
  /** Process of a server on this machine, to measure it. */
  readonly serverProcess: number | undefined;
  /** Store of a server that is started. */
  readonly store: string | undefined;
  /** One enrolment token for each agent. */
  readonly tokens: readonly string[] | undefined;
  readonly json: boolean;
  readonly demo: boolean;
}

const PORT_DEFAULT = 1337;
const AGENTS_MAX = 1_000_000;
const EVENT_BYTES_MAX = 98_304;
const SEED_MAX = 0xffff_ffff;
/** The proxy has one address, and with it some 28,000 ports to come from. */
const PROXIED_AGENTS_MAX = 20_000;

export const LOAD_HELP = `Many agents against one server, and a check that nothing was lost.

  npx nx run tools:load -- [options]

  --agents N             agents, each with its own key and connection (100)
  --processes N          processes they are spread over (1)
  --events-per-second R  events and requests of all agents together; 0 for idle agents (1,000)
  --duration SECONDS     how long (10)
  --mix LIST             publish, subscribe, request, with weights: publish:9,request:1,subscribe (publish,subscribe)
  --topics N             topics; agent k subscribes topic k mod N (one for each agent)
  --event-bytes N        size of an event (256)
  --reconnect-storm      cuts all connections halfway and measures until all are back
  --fault LIST           faults of the way to the server, such as latency-ms=50,reset-byte=20000-200000 (see tools:proxy)
  --seed N               of what is drawn for them (1)
  --server HOST:PORT     a server that runs; without it, one is started on a free port and thrown away afterwards
  --server-key KEY       its fingerprint, SHA256:…
  --server-process PID   its process, where it runs on this machine: for CPU and memory
  --token-file FILE      enrolment tokens, one a line, one for each agent
  --store STORE          store of the server that is started: sqlite:PATH, redis://…, memory:
  --json                 the report as one JSON line
  --demo                 fills a server with sample data and says what to look at

Ctrl-C and SIGTERM end the load early, with its report; the demo ends with 0 then. Exit code 1: an event was lost, or came wrong;
69: the load could not be run; 130, 143: interrupted.
`;

/** @returns undefined when the help was asked for. @throws TypeError for an argument that is not understood. */
export function parseLoadOptions(args: readonly string[]): LoadOptions | undefined {
  const values = knownOptions(args, {
    agents: { type: 'string', default: '100' },
    processes: { type: 'string', default: '1' },
    'events-per-second': { type: 'string', default: '1000' },
    duration: { type: 'string', default: '10' },
    mix: { type: 'string', default: 'publish,subscribe' },
    topics: { type: 'string' },
    'event-bytes': { type: 'string', default: '256' },
    'reconnect-storm': { type: 'boolean', default: false },
    fault: { type: 'string' },
    seed: { type: 'string', default: '1' },
    server: { type: 'string' },
    'server-key': { type: 'string' },
    'server-process': { type: 'string' },
    'token-file': { type: 'string' },
    store: { type: 'string' },
    json: { type: 'boolean', default: false },
    demo: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  });
  if (values.help) return undefined;
  const agents = wholeWithin('agents', values.agents, { min: 1, max: AGENTS_MAX });
  const { server, 'server-process': serverProcess } = values;
  return {
    agents,
    processes: wholeWithin('processes', values.processes, { min: 1, max: Math.min(agents, 64) }),
    eventsPerSecond: wholeWithin('events-per-second', values['events-per-second'], { min: 0, max: 10_000_000 }),
    durationSeconds: wholeWithin('duration', values.duration, { min: 1, max: 86_400 }),
    eventBytes: wholeWithin('event-bytes', values['event-bytes'], { min: EVENT_BYTES_MIN, max: EVENT_BYTES_MAX }),
    topics: wholeWithin('topics', values.topics ?? String(agents), { min: 1, max: agents }),
    mix: mixOf(values.mix),
    reconnectStorm: values['reconnect-storm'],
    ...faultsOf(values.fault, agents),
    seed: wholeWithin('seed', values.seed, { min: 0, max: SEED_MAX }),
    server: server === undefined ? undefined : addressOf(server),
    serverKey: values['server-key'],
    serverProcess:
      serverProcess === undefined ? undefined : wholeWithin('server-process', serverProcess, { min: 1, max: 2 ** 31 }),
    store: values.store,
    tokens: tokensOf(values['token-file'], agents),
    json: values.json,
    demo: values.demo,
  };
}

function mixOf(text: string): Mix {
  const mix = { publish: 0, request: 0, subscribe: 0 };
  for (const part of text.split(',')) {
    const [name = '', weight = '1'] = part.trim().split(':');
    if (!(name in mix)) throw new TypeError(`--mix expected some of publish, subscribe, request, got "${name}"`);
    mix[name as keyof typeof mix] = wholeWithin('mix', weight, { min: 0, max: 1_000 });
  }
  return { ...mix, subscribe: mix.subscribe > 0 };
}

function addressOf(text: string): Address {
  const address = parseAddress(text, PORT_DEFAULT);
  if (address === undefined) throw new TypeError(`--server expected host:port, got "${text}"`);
  return address;
}

function faultsOf(text: string | undefined, agents: number): Pick<LoadOptions, 'faults'> {
  if (text === undefined) return { faults: undefined };
  if (agents > PROXIED_AGENTS_MAX)
    throw new TypeError(`--fault goes with at most ${PROXIED_AGENTS_MAX} agents, got ${agents}`);
  return { faults: parseFaults(text) };
}

function tokensOf(file: string | undefined, agents: number): readonly string[] | undefined {
  if (file === undefined) return undefined;
  const tokens = textOf(file)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (tokens.length >= agents) return tokens;
  throw new TypeError(`--token-file has ${tokens.length} tokens for ${agents} agents: each needs one of its own`);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new TypeError(`--token-file cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
