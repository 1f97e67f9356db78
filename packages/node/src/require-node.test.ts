import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';

const SCRIPT = readFileSync(join(import.meta.dirname, 'require-node.js'), 'utf8');

/** What it does in a Node.js of that version. */
function runUnder(version: string, ...args: readonly string[]) {
  const said = { stderr: '', stdout: '', exit: undefined as number | undefined };
  const process = {
    versions: { node: version },
    argv: ['node', 'main.js', ...args],
    stderr: { write: (text: string) => (said.stderr += text) },
    stdout: { write: (text: string) => (said.stdout += text) },
    exit: (code: number) => (said.exit = code),
  };
  runInNewContext(SCRIPT, { process });
  return said;
}

describe('require-node', () => {
  it.each(['0.12.18', '18.20.8', '20.19.0', '23.11.1'])(
    'O7: Node.js %s is refused before anything else runs, in one line with a fix, exit 78',
    (version) => {
      const { stderr, stdout, exit } = runUnder(version);
      expect(exit).toBe(78);
      expect(stderr).toMatch(
        new RegExp(`^Sealane needs Node.js 24 or newer, this is ${version}: .+ \\(E_NODE_VERSION\\)\n$`),
      );
      expect(stdout).toBe('');
    },
  );

  it('O7: with --json the last line of stdout tells the same', () => {
    const { stdout, exit } = runUnder('22.1.0', 'serve', '--json');
    expect(exit).toBe(78);
    expect(JSON.parse(stdout)).toMatchObject({ event: 'error', code: 'E_NODE_VERSION' });
  });

  it.each(['24.0.0', '25.1.0', '100.0.0'])('O7: Node.js %s goes on without a word', (version) => {
    expect(runUnder(version, '--json')).toEqual({ stderr: '', stdout: '', exit: undefined });
  });
});
