/** New connections: connect, one request with its answer, close, again; so many at once. */
import { Latencies } from './latencies.ts';
import { need, type Load, type LoadContext } from './load.ts';

export function startHandshakes({ connect }: LoadContext, atOnce: number, bytes: number): Load {
  const body = new Uint8Array(bytes).fill(0x5a);
  const latencies = new Latencies();
  let done = 0;
  let isStopped = false;
  const run = async (slot: number): Promise<void> => {
    while (!isStopped) {
      const startedAt = performance.now();
      const connection = await connect(slot);
      const exchange = need(connection.exchange, 'exchange');
      await new Promise<void>((resolve) => {
        exchange(body, () => resolve());
      });
      latencies.add((performance.now() - startedAt) * 1_000);
      done += 1;
      await connection.close();
    }
  };
  const running = Promise.all(Array.from({ length: atOnce }, (_, slot) => run(slot))).then(() => undefined);
  return {
    done: () => done,
    takeLatencies: () => latencies.take(),
    finished: running,
    stop() {
      isStopped = true;
      return running;
    },
  };
}
