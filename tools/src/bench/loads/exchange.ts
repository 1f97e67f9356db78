/** Requests with answers: each connection keeps so many in flight; a reply starts the next request. */
import type { Connection } from '../contenders/index.ts';
import { Latencies } from './latencies.ts';
import { need, type Load, type LoadContext } from './load.ts';

type Exchange = NonNullable<Connection['exchange']>;

export function startExchange({ connections }: LoadContext, bytes: number, inFlight: number): Load {
  const body = new Uint8Array(bytes).fill(0x5a);
  const latencies = new Latencies();
  const stopped = Promise.withResolvers<undefined>();
  let done = 0;
  let underWay = 0;
  let isStopped = false;

  const next = (exchange: Exchange): void => {
    const startedAt = performance.now();
    underWay += 1;
    exchange(body, (size) => {
      if (size !== bytes) throw new Error(`an answer of ${size} bytes to ${bytes}`);
      latencies.add((performance.now() - startedAt) * 1_000);
      done += 1;
      underWay -= 1;
      if (!isStopped) next(exchange);
      else if (underWay === 0) stopped.resolve(undefined);
    });
  };

  for (const connection of connections) {
    const exchange = need(connection.exchange, 'exchange');
    for (let count = 0; count < inFlight; count++) next(exchange);
  }
  return {
    done: () => done,
    takeLatencies: () => latencies.take(),
    finished: stopped.promise,
    async stop() {
      isStopped = true;
      await stopped.promise;
    },
  };
}
