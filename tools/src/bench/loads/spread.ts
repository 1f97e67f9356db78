/** One-way messages over many connections at once, as fast as their back-pressure allows. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Connection } from '../contenders/index.ts';
import { need, type Load, type LoadContext } from './load.ts';

/** Messages of one connection between two looks at the event loop. */
const BURST = 256;

export function startSpread({ connections }: LoadContext, bytes: number): Load {
  const body = new Uint8Array(bytes).fill(0x5a);
  let sent = 0;
  let isStopped = false;
  const run = async (connection: Connection): Promise<void> => {
    const send = need(connection.send, 'send');
    while (!isStopped) {
      let pause: Promise<void> | undefined;
      for (let index = 0; index < BURST && pause === undefined; index++) {
        pause = send(body);
        sent += 1;
      }
      await (pause ?? turn());
    }
  };
  const running = Promise.all(connections.map(run)).then(() => undefined);
  return {
    done: () => sent,
    takeLatencies: () => new Float64Array(),
    finished: running,
    stop() {
      isStopped = true;
      return running;
    },
  };
}
