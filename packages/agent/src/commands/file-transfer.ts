/**
 * What send-file and get-file share: connect, transfer, and after a lost connection connect again and resume, within
 * --timeout or for as long as it gets on; with the display of it.
 */
import { basename } from 'node:path';
import {
  resumeTransfer,
  startTransferReport,
  type FileChannel,
  type TransferOptions,
  type TransferResult,
} from '@sealane/node/files';
import { monotonicNow } from '@sealane/node/transport';
import { withAgent, type ConnectionContext } from './connection.ts';

interface FileTransfer {
  /** What is shown. */
  readonly name: string;
  readonly event: 'sent' | 'received';
  /** One attempt over one connection. */
  readonly run: (channel: FileChannel, options: TransferOptions) => Promise<TransferResult>;
}

/** @throws what the transfer threw in the end; ProtocolError `E_TIMEOUT` when --timeout passed. */
export async function transferFile(context: ConnectionContext, { name, event, run }: FileTransfer): Promise<void> {
  const { output, globals, settings, shutdown } = context;
  const report = startTransferReport({ output, progress: globals.progress, name: basename(name) });
  const startedMs = monotonicNow();
  const attempt = (onProgress: TransferOptions['onProgress']): Promise<TransferResult> => {
    const spentMs = Math.round(monotonicNow() - startedMs);
    const timeout = settings.timeout === undefined ? undefined : Math.max(1, settings.timeout - spentMs);
    return withAgent({ ...context, settings: { ...settings, timeout } }, {}, (agent, signal) => {
      const openStream: FileChannel['openStream'] = (stream, metadata) =>
        agent.openStream(stream, { metadata, signal });
      return run({ openStream }, { onProgress, signal });
    });
  };
  try {
    const { onProgress } = report;
    const onInterrupted = ({ code }: { readonly code: string }): void =>
      output.note(`Interrupted (${code}), resuming.`);
    const result = await resumeTransfer(attempt, { onProgress, onInterrupted, signal: shutdown.signal });
    await report.finish(event, result);
  } finally {
    await report.stop();
  }
}
