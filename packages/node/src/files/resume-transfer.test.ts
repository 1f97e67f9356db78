import { describe, expect, it } from '@jest/globals';
import { ProtocolError, TransportError, type ErrorCode } from '@sealane/shared/errors';
import { resumeTransfer } from './resume-transfer.ts';
import type { TransferProgress } from './transfer.ts';

type OnProgress = (progress: TransferProgress) => void;

const progress = (doneBytes: number) => ({ doneBytes, totalBytes: 100, resumedFrom: 0 });

/** Attempts that fail with these codes, then succeed. */
function failing(...codes: ErrorCode[]) {
  let attempts = 0;
  return async (onProgress: OnProgress): Promise<number> => {
    attempts += 1;
    onProgress(progress(attempts * 10));
    const code = codes.shift();
    if (code !== undefined) throw new ProtocolError(code);
    return attempts;
  };
}

describe('F1: resumeTransfer', () => {
  it('goes on after lost connections, and waits for a name that the server still holds', async () => {
    const seen: string[] = [];
    const onInterrupted = ({ code }: { readonly code: string }): void => void seen.push(code);
    expect(await resumeTransfer(failing('E_TRUNCATED', 'E_FILE_BUSY', 'E_CLOSED'), { onInterrupted })).toBe(4);
    expect(seen).toEqual(['E_TRUNCATED', 'E_FILE_BUSY', 'E_CLOSED']);
  });

  it.each<ErrorCode>(['E_FILE_BUSY', 'E_FILE_EXISTS', 'E_DISK_FULL', 'E_FILE_NAME', 'E_CANCELLED', 'E_REPLACED'])(
    'gives up at once on %s as the first answer',
    async (code) => {
      await expect(resumeTransfer(failing(code))).rejects.toMatchObject({ code });
    },
  );

  it('gives up when nothing gets on any more, and when nothing ever did', async () => {
    const stuck = async (onProgress: OnProgress): Promise<never> => {
      onProgress(progress(5));
      throw new TransportError('E_TRUNCATED');
    };
    const startedAt = performance.now();
    await expect(resumeTransfer(stuck, { stallMs: 300 })).rejects.toMatchObject({ code: 'E_TRUNCATED' });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(300);
    let attempts = 0;
    const unreachable = async (): Promise<never> => {
      attempts += 1;
      throw new TransportError('E_UNREACHABLE');
    };
    await expect(resumeTransfer(unreachable)).rejects.toMatchObject({ code: 'E_UNREACHABLE' });
    expect(attempts).toBe(1);
  });

  it('C3: an abort makes no further attempt', async () => {
    const stop = new AbortController();
    const onInterrupted = (): void => stop.abort();
    const lost = failing('E_TRUNCATED', 'E_TRUNCATED', 'E_TRUNCATED');
    await expect(resumeTransfer(lost, { signal: stop.signal, onInterrupted })).rejects.toMatchObject({
      code: 'E_TRUNCATED',
    });
  });
});
