/**
 * B10 inside a network namespace with a resolver of its own: names that fail, that change their address, whose IPv6 leads
 * nowhere. Prints a `NamesReport`. Not part of the product.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type AgentState, type SealaneError } from '../../src/index.ts';
import { TestServer, newIdentity } from '../test-server.ts';

/** What the agents noticed. */
export interface NamesReport {
  readonly moved: {
    /** Why attempts failed before the name could be resolved, after the move, and while it had no address again. */
    readonly reasonsBefore: readonly string[];
    readonly reasonsAfter: readonly string[];
    readonly reply: string;
    readonly agentsAtNewAddress: number;
  };
  readonly blackHole: {
    /** With the IPv6 address alone. */
    readonly alone: { readonly code: string; readonly message: string };
    /** With an IPv4 address beside it. */
    readonly reply: string;
    readonly tookMs: number;
  };
}

const OLD_ADDRESS = '10.7.0.1';
const NEW_ADDRESS = '10.7.0.2';
/** Routed to an interface that drops everything without a word. */
const BLACK_HOLE = '2001:db8::1';
const PORT = 1337;
const TYPE = { ipv4: 1, ipv6: 28 };
const SERVER_FAILURE = 2;

/** A name server for one name. */
class NameServer {
  /** Undefined: it fails. */
  addresses: { readonly ipv4?: string; readonly ipv6?: string } | undefined;
  readonly #socket: Socket = createSocket('udp4');

  async listen(): Promise<this> {
    this.#socket.on('message', (query, { port, address }) => this.#socket.send(this.#answer(query), port, address));
    this.#socket.bind(53, '127.0.0.1');
    await once(this.#socket, 'listening');
    return this;
  }

  close(): void {
    this.#socket.close();
  }

  /** The header, the question as it came, and at most one record (RFC 1035 §4). */
  #answer(query: Buffer): Buffer {
    const questionEnd = query.indexOf(0, 12) + 5;
    const type = query.readUInt16BE(questionEnd - 4);
    const { ipv4, ipv6 } = this.addresses ?? {};
    const data = type === TYPE.ipv4 ? bytesOf4(ipv4) : type === TYPE.ipv6 ? bytesOf6(ipv6) : undefined;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180 | (this.addresses === undefined ? SERVER_FAILURE : 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(data === undefined ? 0 : 1, 6);
    const question = query.subarray(12, questionEnd);
    if (data === undefined) return Buffer.concat([header, question]);
    // The name of the question, class IN, a time to live of 0.
    const record = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, data.length]);
    return Buffer.concat([header, question, record, data]);
  }
}

function bytesOf4(address: string | undefined): Buffer | undefined {
  return address === undefined ? undefined : Buffer.from(address.split('.').map(Number));
}

/** Of an address with `::` in it. */
function bytesOf6(address: string | undefined): Buffer | undefined {
  if (address === undefined) return undefined;
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return Buffer.from(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]));
}

async function until(holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds(); waited += 5) {
    if (waited > 20_000) throw new Error('it did not come to pass');
    await sleep(5);
  }
}

const reasonsOf = (states: readonly AgentState[]): string[] =>
  states.flatMap((state) => (state.state === 'reconnecting' ? [state.reason] : []));

async function moved(names: NameServer): Promise<NamesReport['moved']> {
  const identity = newIdentity();
  const first = await TestServer.listen({ host: OLD_ADDRESS, port: PORT, identity });
  const states: AgentState[] = [];
  const connecting = connect({
    server: `server.test:${PORT}`,
    serverKey: first.fingerprint,
    reconnect: { baseMs: 50, capMs: 200 },
    onState: (state) => states.push(state),
  });
  await until(() => reasonsOf(states).length >= 2);
  const reasonsBefore = reasonsOf(states);
  names.addresses = { ipv4: OLD_ADDRESS };
  const agent = await connecting;
  states.length = 0;
  // The server leaves; for a while its name has no address, then another one.
  names.addresses = undefined;
  await first.close();
  await until(() => reasonsOf(states).length >= 3);
  const second = await TestServer.listen({ host: NEW_ADDRESS, port: PORT, identity });
  names.addresses = { ipv4: NEW_ADDRESS };
  await until(() => states.at(-1)?.state === 'connected');
  const reply = (await agent.request('echo', 'found')).text();
  await agent.close();
  await second.close();
  return { reasonsBefore, reasonsAfter: reasonsOf(states), reply, agentsAtNewAddress: second.agents.length };
}

async function blackHole(names: NameServer): Promise<NamesReport['blackHole']> {
  const server = await TestServer.listen({ host: OLD_ADDRESS, port: PORT });
  const options = { server: `server.test:${PORT}`, reconnect: false as const };
  names.addresses = { ipv6: BLACK_HOLE };
  const alone = await connect({ ...options, connectTimeoutMs: 1_000 }).then(
    () => ({ code: 'connected', message: '' }),
    (error: unknown) => ({ code: (error as SealaneError).code, message: (error as SealaneError).message }),
  );
  names.addresses = { ipv6: BLACK_HOLE, ipv4: OLD_ADDRESS };
  const startedAt = performance.now();
  const agent = await connect(options);
  const tookMs = performance.now() - startedAt;
  const reply = (await agent.request('echo', 'found')).text();
  await agent.close();
  await server.close();
  return { alone, reply, tookMs };
}

const names = await new NameServer().listen();
const report: NamesReport = { moved: await moved(names), blackHole: await blackHole(names) };
names.close();
console.log(JSON.stringify(report));
