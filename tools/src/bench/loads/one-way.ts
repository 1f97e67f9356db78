/** One-way messages over one connection, as fast as its back-pressure allows. */
import { setImmediate as turn } from 'node:timers/promises';
import { need, type Load, type LoadContext } from './load.ts';

/** Messages between two looks at the event loop, the same for every contender. */
const BURST = 256;

export function startOneWay({ connections }: LoadContext, bytes: number): Load {
  const [connection] = connections;
  if (connection === undefined) throw new TypeError('a load needs a connection');
  const send = need(connection.send, 'send');
  const body = new Uint8Array(bytes).fill(0x5a);
  let sent = 0;
  let isStopped = false;
  const run = async (): Promise<void> => {
    while (!isStopped) {
      let pause: Promise<void> | undefined;
      for (let index = 0; index < BURST && pause === undefined; index++) {
        pause = send(body);
        sent += 1;
      }
      connection.endBurst?.();
      await (pause ?? turn());
    }
  };
  const running = run();
  return {
    done: () => sent,
    takeLatencies: () => new Float64Array(0),
    finished: running,
    stop() {
      isStopped = true;
      return running;
    },
  };
}
