/** Addresses of agents, as requests name them. */
const ADDRESS = /^agent:(.+)$/;

/** The id in `agent:ID`; undefined for another form. */
export function agentOf(address: string | null): string | undefined {
  return ADDRESS.exec(address ?? '')?.[1];
}
