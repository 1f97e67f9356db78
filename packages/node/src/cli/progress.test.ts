import { describe, expect, it } from '@jest/globals';
import { Writable } from 'node:stream';
import { showBytes, showSeconds, startProgress } from './progress.ts';

class Sink extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

describe('progress', () => {
  it('F1: off a terminal, a plain line every five seconds; bytes of an earlier attempt are not in the rate', async () => {
    let nowMs = 0;
    const stream = new Sink();
    const mebibyte = 2 ** 20;
    const progress = await startProgress({
      stream,
      label: 'a\u001b[2J.bin',
      totalBytes: 100 * mebibyte,
      startBytes: 50 * mebibyte,
      enabled: true,
      now: () => nowMs,
    });
    for (nowMs = 100; nowMs <= 10_000; nowMs += 100) progress.update((50 + nowMs / 1_000) * mebibyte);
    progress.stop();
    progress.stop();
    expect(stream.text.split('\n')).toEqual([
      'a\\u{1b}[2J.bin: 55% 55.0 MiB of 100.0 MiB, 1.0 MiB/s, 0:45 left',
      'a\\u{1b}[2J.bin: 60% 60.0 MiB of 100.0 MiB, 1.0 MiB/s, 0:40 left',
      '',
    ]);
  });

  it('C2: shows nothing when it is not wanted, and a bar on a terminal of any width', async () => {
    const silent = new Sink();
    const none = await startProgress({ stream: silent, label: 'x', totalBytes: 1, enabled: false });
    none.update(1);
    none.stop();
    expect(silent.text).toBe('');
    for (const columns of [0, 20, 200]) {
      const stream = Object.assign(new Sink(), {
        isTTY: true,
        columns,
        cursorTo: () => true,
        clearLine: () => true,
        moveCursor: () => true,
      });
      const bar = await startProgress({ stream, label: 'x', totalBytes: 0, enabled: true });
      bar.update(0);
      bar.stop();
      expect(stream.text).not.toContain('NaN');
    }
  });

  it('shows sizes and times for people', () => {
    expect([0, 512, 1_536, 5 * 2 ** 30].map(showBytes)).toEqual(['0 B', '512 B', '1.5 KiB', '5.0 GiB']);
    expect([0, 5, 65, 3_723].map(showSeconds)).toEqual(['0:00', '0:05', '1:05', '1:02:03']);
  });
});
