import { describe, expect, it } from '@jest/globals';
import { encode } from 'uqr';
import { qrCode } from './qr-code.ts';

const TEXT = 'sealane-link-AbC';

const PAINTED = '\u001b[97;40m';
const PLAIN = '\u001b[0m';

/** The modules that a camera would see: true is dark. */
function modulesOf(shown: string): readonly (readonly boolean[])[] {
  const lines = shown.trimEnd().split('\n');
  return lines.flatMap((line) => {
    const blocks = Array.from(line.slice(PAINTED.length, -PLAIN.length));
    const isDark = (light: string): readonly boolean[] => blocks.map((block) => block !== '█' && block !== light);
    return [isDark('▀'), isDark('▄')];
  });
}

describe('qrCode', () => {
  it('shows the modules of the text, light ones as blocks', () => {
    const { data, size } = encode(TEXT, { border: 2 });
    const shown = modulesOf(qrCode(TEXT, { columns: 80, hasColours: true }));
    expect(shown.slice(0, size)).toEqual(data);
  });

  it('is left out where it does not fit, or nobody could scan it', () => {
    const [line = ''] = qrCode(TEXT, { columns: 80, hasColours: true }).split('\n');
    const width = line.length - PAINTED.length - PLAIN.length;
    expect(qrCode(TEXT, { columns: width, hasColours: true })).not.toBe('');
    const others = [
      { columns: width - 1, hasColours: true },
      { columns: undefined, hasColours: true },
      { columns: 80, hasColours: false },
    ];
    for (const terminal of others) expect(qrCode(TEXT, terminal)).toBe('');
  });
});
