/** Figures of a store on Redis, for metrics: four commands, sent when somebody asks. */
import type { StoreFigures } from '../store.ts';
import type { RedisLink } from './redis-link.ts';

export type RedisFigures = Pick<StoreFigures, 'queues' | 'waiting' | 'deadLetters' | 'bytes'>;

export async function readFigures(link: RedisLink, prefix: string): Promise<RedisFigures> {
  const [queues, waiting, deadLetters, memory] = await Promise.all([
    link.send(['SCARD', `${prefix}queues`]),
    link.send(['HGET', `${prefix}meta`, 'waiting']),
    link.send(['ZCARD', `${prefix}deads`]),
    link.send(['INFO', 'memory']),
  ]);
  const bytes = Number(/used_memory:(\d+)/.exec(String(memory))?.[1]);
  return { queues: Number(queues), waiting: Number(waiting), deadLetters: Number(deadLetters), bytes };
}
