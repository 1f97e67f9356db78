/**
 * B5 inside a namespace: a server and an agent, and a rule of the kernel that drops the packets of one direction, TCP's own
 * among them. Prints a `CutReport`. The word it is given names the way that is cut.
 */
import { execFileSync } from 'node:child_process';
import { TestAgent } from '../test-agent.ts';
import { ADDRESSES } from './namespace.ts';
import { ServerHost } from './server-host.ts';

/** How it ended on both sides. */
export interface CutReport {
  readonly agent: { readonly reason: string; readonly code: string | undefined; readonly byPeer: boolean };
  readonly agentMs: number;
  readonly disconnected: Readonly<Record<string, number>>;
  readonly serverMs: number;
  /** Another agent, at an address that is not cut. */
  readonly neighbourIsOpen: boolean;
  /** Packets that the rule dropped. */
  readonly droppedPackets: number;
}

/** Short, so that the test is, and longer than a busy machine stands still. The proportions are those of the defaults. */
const SHORT = { pingIntervalMs: 800, idleTimeoutMs: 2_400 };
const [, CUT_ADDRESS, OTHER_ADDRESS] = ADDRESSES;

const nft = (...words: readonly string[]): string => execFileSync('nft', words, { encoding: 'utf8' });

function cut(way: 'to-agent' | 'to-server', port: number): void {
  const [from, to] = way === 'to-agent' ? ['sport', 'dport'] : ['dport', 'sport'];
  nft('add table inet test');
  nft('add chain inet test input { type filter hook input priority 0; }');
  nft(`add rule inet test input ip daddr ${CUT_ADDRESS} tcp ${from} ${port} tcp ${to} != ${port} counter drop`);
}

async function measure(way: 'to-agent' | 'to-server'): Promise<CutReport> {
  const host = await ServerHost.start({ listenOn: '0.0.0.0', sessionLimits: SHORT });
  const { port } = host;
  const neighbour = await TestAgent.open({ host: OTHER_ADDRESS, port });
  const agent = await TestAgent.open({ host: CUT_ADDRESS, port });
  await agent.channel.request('echo', 'x');
  cut(way, port);
  const cutAt = performance.now();
  const sinceCut = (): number => Math.round(performance.now() - cutAt);
  const agentEnd = agent.closed.then(({ reason, code, byPeer }) => ({ reason, code, byPeer, ms: sinceCut() }));
  const serverEnd = host.reportWhen(({ counters }) => Object.keys(counters.disconnected).length > 0, 20_000);
  const { counters } = await serverEnd;
  const serverMs = sinceCut();
  const { ms: agentMs, ...ended } = await agentEnd;
  const dropped = /counter packets (\d+)/.exec(nft('list ruleset'))?.[1];
  const neighbourIsOpen = (await neighbour.channel.request('echo', 'here')).text() === 'here';
  await host.stop();
  const { disconnected } = counters;
  return { agent: ended, agentMs, disconnected, serverMs, neighbourIsOpen, droppedPackets: Number(dropped) };
}

console.log(JSON.stringify(await measure(process.argv[2] === 'to-agent' ? 'to-agent' : 'to-server')));
