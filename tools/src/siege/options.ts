/** Arguments of the siege. */
import { knownOptions, wholeWithin } from '../options/known-options.ts';

export interface SiegeOptions {
  /** Memory of the server's control group. */
  readonly memoryMiB: number;
  readonly durationSeconds: number;
  /** Agents that behave. */
  readonly agents: number;
  readonly slowHandshakes: number;
  readonly giantLengths: number;
  readonly slowReaders: number;
  readonly deafPeers: number;
  readonly flooders: number;
  /** The server from its sources instead of its bundle. */
  readonly source: boolean;
  /** Where the report goes as a page; undefined writes none. */
  readonly report: string | undefined;
  readonly json: boolean;
}

const PEERS_MAX = 5_000;

const OPTIONS = {
  memory: { type: 'string', default: '256' },
  duration: { type: 'string', default: '30' },
  agents: { type: 'string', default: '20' },
  'slow-handshakes': { type: 'string', default: '500' },
  'giant-lengths': { type: 'string', default: '500' },
  'slow-readers': { type: 'string', default: '200' },
  'deaf-peers': { type: 'string', default: '200' },
  flooders: { type: 'string', default: '0' },
  source: { type: 'boolean', default: false },
  report: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

export const SIEGE_HELP = `Hostile peers in numbers against one server with little memory, and agents that must not notice.

  npx nx run tools:siege -- [options]

  --memory MIB         memory of the server: a control group of Linux, made as root (256)
  --duration SECONDS   how long the siege lasts (30)
  --agents N           agents that behave: their latencies are measured (20)
  --slow-handshakes N  strangers whose handshakes drip (500)
  --giant-lengths N    strangers that announce frames of up to 4 GiB (500)
  --slow-readers N     agents with valid keys that read 8 KiB/s of what they ask for (200)
  --deaf-peers N       agents with valid keys that never read what they ask for (200)
  --flooders N         agents with valid keys that publish as much as is taken (0)
  --source             the server from its sources instead of its bundle
  --report FILE        the report as a page
  --json               the report as one JSON line

Whoever is thrown out comes back at once. Ctrl-C and SIGTERM end it early, with its report. Exit code 1: the server died, or an agent
noticed; 69: the siege could not be laid; 74: the report could not be written; 130, 143: interrupted.
`;

/** @returns undefined when the help was asked for. @throws TypeError for an argument that is not understood. */
export function parseSiegeOptions(args: readonly string[]): SiegeOptions | undefined {
  const values = knownOptions(args, OPTIONS);
  if (values.help) return undefined;
  const { source, report, json } = values;
  return {
    memoryMiB: wholeWithin('memory', values.memory, { min: 64, max: 1_048_576 }),
    durationSeconds: wholeWithin('duration', values.duration, { min: 1, max: 86_400 }),
    agents: wholeWithin('agents', values.agents, { min: 1, max: PEERS_MAX }),
    slowHandshakes: wholeWithin('slow-handshakes', values['slow-handshakes'], { min: 0, max: PEERS_MAX }),
    giantLengths: wholeWithin('giant-lengths', values['giant-lengths'], { min: 0, max: PEERS_MAX }),
    slowReaders: wholeWithin('slow-readers', values['slow-readers'], { min: 0, max: PEERS_MAX }),
    deafPeers: wholeWithin('deaf-peers', values['deaf-peers'], { min: 0, max: PEERS_MAX }),
    flooders: wholeWithin('flooders', values.flooders, { min: 0, max: PEERS_MAX }),
    source,
    report,
    json,
  };
}
