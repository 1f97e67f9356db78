/** What a command shows of a transfer: the bar or lines of the progress display, or JSON lines, and the result. */
import { showBytes, startProgress, type Output, type Progress } from '../cli/index.ts';
import { monotonicNow } from '../transport/index.ts';
import type { TransferProgress, TransferResult } from './transfer.ts';

interface TransferReportOptions {
  readonly output: Output;
  /** Whether progress is wanted: --progress. */
  readonly progress: boolean;
  /** Name of the file. */
  readonly name: string;
}

/** The display of one transfer. */
export interface TransferReport {
  readonly onProgress: (progress: TransferProgress) => void;
  /** Ends the display; twice is harmless. */
  stop(): Promise<void>;
  /** Ends the display and prints the result. */
  finish(event: 'sent' | 'received', result: TransferResult): Promise<void>;
}

/** A JSON progress line at most this often. */
const JSON_INTERVAL_MS = 1_000;

/** Starts to show a transfer; nothing appears before its first progress. */
export function startTransferReport({ output, progress, name }: TransferReportOptions): TransferReport {
  let display: Promise<Progress> | undefined;
  let shown: Progress | undefined;
  let lastBytes = 0;
  let lastLineMs = Number.NEGATIVE_INFINITY;
  const onProgress = ({ doneBytes, totalBytes, resumedFrom }: TransferProgress): void => {
    if (output.json) {
      const nowMs = monotonicNow();
      if (!progress || nowMs - lastLineMs < JSON_INTERVAL_MS) return;
      lastLineMs = nowMs;
      void output.emit({ event: 'progress', name, bytes: doneBytes, totalBytes, resumedFrom });
      return;
    }
    const enabled = progress && !output.quiet;
    display ??= startProgress({
      stream: output.stderr,
      label: name,
      totalBytes,
      startBytes: resumedFrom,
      enabled,
    }).then((started) => (shown = started));
    lastBytes = doneBytes;
    shown?.update(doneBytes);
  };
  const stop = async (): Promise<void> => {
    const started = await display;
    display = undefined;
    shown = undefined;
    started?.update(lastBytes);
    started?.stop();
  };
  return {
    onProgress,
    stop,
    async finish(event, result) {
      await stop();
      const { bytes, sha256, resumedFrom } = result;
      const resumed = resumedFrom === 0 ? '' : `, ${showBytes(resumedFrom)} of it before`;
      const human = `${event} ${result.name}: ${showBytes(bytes)}${resumed}, SHA-256 ${sha256}`;
      await output.emit({ event, name: result.name, bytes, sha256, resumedFrom }, human);
    },
  };
}
