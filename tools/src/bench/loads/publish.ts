/** Durable events to a reader that is away: each connection keeps so many without a receipt. */
import { NO_READER, type Connection } from '../contenders/index.ts';
import { Latencies } from './latencies.ts';
import { need, type Load, type LoadContext } from './load.ts';

type Publish = NonNullable<Connection['publish']>;

export function startPublish({ connections }: LoadContext, bytes: number, inFlight: number): Load {
  const body = Buffer.alloc(bytes, 0x5a);
  const latencies = new Latencies();
  const stopped = Promise.withResolvers<undefined>();
  let done = 0;
  let underWay = 0;
  let isStopped = false;

  const next = (publish: Publish): void => {
    const startedAt = performance.now();
    underWay += 1;
    publish(NO_READER, body, () => {
      latencies.add((performance.now() - startedAt) * 1_000);
      done += 1;
      underWay -= 1;
      if (!isStopped) next(publish);
      else if (underWay === 0) stopped.resolve(undefined);
    });
  };

  const share = Math.max(1, Math.round(inFlight / connections.length));
  for (const connection of connections) {
    const publish = need(connection.publish, 'publish');
    for (let count = 0; count < share; count++) next(publish);
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
