/** Arguments of the fault proxy. */
import { parseAddress, type Address } from '@sealane/node/config';
import { FAULT_HELP, parseFaults, type DirectedFaults } from '@sealane/node/testing';
import { knownOptions, wholeWithin } from '../options/known-options.ts';

export interface ProxyOptions {
  readonly listen: Address;
  readonly target: Address;
  readonly faults: DirectedFaults;
  readonly seed: number;
  readonly json: boolean;
}

const PORT_DEFAULT = 1337;
const SEED_MAX = 0xffff_ffff;

export const PROXY_HELP = `A TCP proxy that does to connections what networks do, and what somebody in the middle could.

  npx nx run tools:proxy -- --target HOST:PORT --fault LIST [options]

  --target HOST:PORT   where it passes connections on to (127.0.0.1:1337)
  --listen HOST:PORT   where it takes them; port 0 for a free one (127.0.0.1:0)
  --fault LIST         faults of both directions, or of one: latency-ms=50,to-agent:reset-byte=10000-90000
  --seed N             what is drawn for the n-th connection depends on this and on n alone (1)
  --json               a JSON line for its start and for each connection that ends

Faults; of 10-20, each connection gets one of these numbers. Bytes and frames count from 0 in each direction, handshake included:

${FAULT_HELP}

Frames are those of docs/protocols/records.md: the proxy reads their lengths, and can read nothing else. Ctrl-C ends it.
`;

/** @returns undefined when the help was asked for. @throws TypeError for an argument that is not understood. */
export function parseProxyOptions(args: readonly string[]): ProxyOptions | undefined {
  const values = knownOptions(args, {
    listen: { type: 'string', default: '127.0.0.1:0' },
    target: { type: 'string', default: `127.0.0.1:${PORT_DEFAULT}` },
    fault: { type: 'string' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  });
  if (values.help) return undefined;
  return {
    listen: addressOf('listen', values.listen),
    target: addressOf('target', values.target),
    faults: values.fault === undefined ? {} : parseFaults(values.fault),
    seed: wholeWithin('seed', values.seed, { min: 0, max: SEED_MAX }),
    json: values.json,
  };
}

/** Port 0 is for the system to choose, where this program listens. */
function addressOf(option: string, text: string): Address {
  const free = option === 'listen' ? /^(.+):0$/.exec(text)?.[1] : undefined;
  const address = free === undefined ? parseAddress(text, PORT_DEFAULT) : { host: free, port: 0 };
  if (address === undefined) throw new TypeError(`--${option} expected host:port, got "${text}"`);
  return address;
}
