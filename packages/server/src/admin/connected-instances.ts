/** The instances of agents that are connected, as the admin API shows them: with what the node knows that serves them. */
import { suiteName } from '@sealane/shared/wire';
import type { AgentPeer } from '../handlers/index.ts';
import type { AgentRecord } from '../store/index.ts';

/** An instance of an agent that is connected to this process. */
export interface ConnectedInstance {
  readonly agent: string;
  readonly instance: string;
  readonly address: string;
  readonly connectedAt: number;
  readonly suite: string;
  readonly build: string;
}

/** Of another node nothing is known but that the instance is there. */
export interface ShownInstance {
  readonly instance: string;
  readonly node: string | null;
  readonly address: string | null;
  readonly connectedAt: number | null;
  readonly suite: string | null;
  readonly build: string | null;
}

export function connectedInstance({
  agentId,
  instance,
  address,
  connectedAt,
  suite,
  build,
}: AgentPeer): ConnectedInstance {
  return { agent: agentId, instance, address, connectedAt, suite: suiteName(suite), build };
}

/** Those that the store knows on any node, and those that are here and not known to it yet. */
export function shownInstances(record: AgentRecord, here: readonly AgentPeer[]): readonly ShownInstance[] {
  const known = record.instances ?? [];
  const shown = known.map(({ instance, node }) =>
    showInstance(
      instance,
      node,
      here.find((peer) => peer.instance === instance),
    ),
  );
  const unknown = here.filter(({ instance }) => !known.some((each) => each.instance === instance));
  return [...shown, ...unknown.map((peer) => showInstance(peer.instance, null, peer))];
}

function showInstance(instance: string, node: string | null, peer: AgentPeer | undefined): ShownInstance {
  const unknown = { instance, node, address: null, connectedAt: null, suite: null, build: null };
  return fillInstance(unknown, peer && connectedInstance(peer));
}

/** An agent, or a page of them, as JSON of the admin API. */
interface ShownAgent {
  readonly id: string;
  readonly instances: readonly ShownInstance[];
}

/**
 * Adds to an agent, or a page of them, what other processes know of their instances.
 *
 * @param text JSON of this program.
 * @param ask asks the others for the instances of these agents.
 */
export async function fillInstances(
  text: string,
  ask: (agentIds: readonly string[]) => Promise<readonly ConnectedInstance[]>,
): Promise<string> {
  const body = JSON.parse(text) as ShownAgent | { readonly items: readonly ShownAgent[] };
  const agents = 'items' in body ? body.items : [body];
  const open = agents.filter(({ instances }) => instances.some(({ address }) => address === null));
  if (open.length === 0) return text;
  const found = new Map((await ask(open.map(({ id }) => id))).map((each) => [`${each.agent} ${each.instance}`, each]));
  const filled = agents.map((agent) => {
    const instances = agent.instances.map((each) => fillInstance(each, found.get(`${agent.id} ${each.instance}`)));
    return { ...agent, instances };
  });
  return JSON.stringify('items' in body ? { ...body, items: filled } : filled[0]);
}

function fillInstance(shown: ShownInstance, found: ConnectedInstance | undefined): ShownInstance {
  if (shown.address !== null || found === undefined) return shown;
  const { agent: _agent, ...about } = found;
  return { ...shown, ...about };
}
