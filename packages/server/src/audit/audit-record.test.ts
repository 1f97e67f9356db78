import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { CHAIN_START, auditLineFault, encodeAuditLine, readChainEnd, type ChainEnd } from './audit-record.ts';

const entry = (action: string) => ({ at: 0, action, fields: { agent: 'a' } });

/** Lines without their newlines, and where the chain stands before each. */
function chain(...actions: readonly string[]): readonly { readonly before: ChainEnd; readonly line: string }[] {
  let before = CHAIN_START;
  return actions.map((action) => {
    const { line, end } = encodeAuditLine(before, entry(action));
    const link = { before, line: line.trimEnd() };
    before = end;
    return link;
  });
}

describe('lines of the audit log', () => {
  const lines = chain('one', 'two', 'three');

  it('follow on each other', () => {
    expect(lines.map(({ before, line }) => auditLineFault(line, before))).toEqual([undefined, undefined, undefined]);
  });

  it('a line that was changed and hashed anew does not fit the one before it, nor the next one fit it', () => {
    const [first, second, third] = lines as [(typeof lines)[0], (typeof lines)[0], (typeof lines)[0]];
    const body = second.line.slice(0, -75).replace('two', 'TWO');
    const alone = `${body},"hash":"${createHash('sha256').update(body).digest('hex')}"}`;
    expect(auditLineFault(alone, readChainEnd(first.line))).toBe('its hash does not fit');
    const hash = createHash('sha256').update(second.before.hash).update(body).digest('hex');
    const chained = `${body},"hash":"${hash}"}`;
    expect(auditLineFault(chained, readChainEnd(first.line))).toBeUndefined();
    expect(auditLineFault(third.line, readChainEnd(chained))).toBe('its hash does not fit');
  });
});
