/** One request of a command, with its round trip. */
import type { ReceivedContent, RequestOptions } from '@sealane/shared/channel';
import type { Agent } from '../agent/index.ts';

/** Name of the request that carries a text; a server on defaults echoes it. */
export const MESSAGE_REQUEST = 'message';

/** A reply and how long it took. */
export interface Exchange {
  readonly reply: ReceivedContent;
  /** Round trip in ms, to the microsecond. */
  readonly rttMs: number;
}

/** Sends a text and waits for the reply. */
export async function exchange(
  agent: Agent,
  text: string,
  options: RequestOptions & { readonly name?: string },
): Promise<Exchange> {
  const { name = MESSAGE_REQUEST, ...rest } = options;
  const startedAt = performance.now();
  const reply = await agent.request(name, text, rest);
  return { reply, rttMs: roundMs(performance.now() - startedAt) };
}

/** Milliseconds to the microsecond. */
export function roundMs(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
