/**
 * `main.ts store [--rows publish,queues] [--seconds 3] [--queues 1000000] [--folder DIR]`: the store of one process alone,
 * without network and encryption.
 *
 *   publish   events/s of 256 B into SqliteStore, each fsynced before its receipt, 1 to 2,000 in flight
 *   queues    idle queues: how fast they are made, what each takes, what a start and a publish cost with them
 */
import { parseArgs } from 'node:util';
import { listenForInterruption } from '../../ending/interruption.ts';
import { temporaryFolder } from '../../ending/temporary-folder.ts';
import { measurePublish } from './publish-rate.ts';
import { measureQueues } from './idle-queues.ts';

const rows = { publish: measurePublish, queues: measureQueues } as const;

export async function runStoreBench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: 'publish,queues' },
      seconds: { type: 'string', default: '3' },
      queues: { type: 'string', default: '1000000' },
      folder: { type: 'string' },
    },
  });
  const interruption = listenForInterruption();
  interruption.signal.addEventListener('abort', () => process.exit(interruption.exitCode));
  for (const [name, measure] of Object.entries(rows)) {
    if (!values.rows.split(',').includes(name)) continue;
    const folder = temporaryFolder('sealane-bench-store-', values.folder);
    try {
      await measure({ seconds: Number(values.seconds), queues: Number(values.queues), folder: folder.path });
    } finally {
      folder.remove();
    }
  }
}
