/** Bulk data over one connection, once through. */
import { need, type Load, type LoadContext } from './load.ts';

export function startBulk({ connections }: LoadContext, direction: 'up' | 'down', bytes: number): Load {
  const [connection] = connections;
  if (connection === undefined) throw new TypeError('a load needs a connection');
  let done = 0;
  const run = async (): Promise<void> => {
    if (direction === 'up') {
      await need(connection.upload, 'upload')(bytes);
      done = bytes;
    } else {
      done = await need(connection.download, 'download')(bytes);
    }
    if (done !== bytes) throw new Error(`${done} of ${bytes} bytes came`);
  };
  const finished = run();
  return { done: () => done, takeLatencies: () => new Float64Array(0), finished, stop: () => finished };
}
