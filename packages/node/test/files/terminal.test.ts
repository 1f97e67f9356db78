/** C3: Ctrl-C on a terminal, in the middle of a transfer: the bar is there, and the terminal is as it was. Needs script(1). */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FaultProxy, programWords } from '../../src/testing/index.ts';
import { programsExist, startServer, type Program } from './processes.ts';
import { Workspace } from './workspace.ts';

const hasTerminal = programsExist && spawnSync('script', ['--version']).status === 0;
if (!hasTerminal) console.warn('SKIPPED C3 on a terminal: script(1), server or agent is missing');

let space: Workspace;
let server: Program | undefined;
let way: FaultProxy | undefined;

(hasTerminal ? describe : describe.skip)('C3: on a terminal', () => {
  beforeEach(() => {
    space = new Workspace();
  });
  afterEach(async () => {
    await server?.end('SIGKILL');
    await way?.stop();
    space.remove();
  });

  it('C3: Ctrl-C ends with 130, with the settings of the terminal as before and the cursor shown', async () => {
    const started = await startServer(space.directory, space.inbox);
    server = started.program;
    // It stops on the way until somebody ends it, however fast everything is.
    way = await FaultProxy.start({
      target: { port: started.port },
      faults: { toServer: { silenceByte: 48 * 2 ** 20 } },
    });
    const path = space.file('bar.bin', 64 * 2 ** 20);
    const words = [...programWords('agent'), 'send-file', path, '--server', `127.0.0.1:${way.port}`];
    const command = [process.execPath, ...words, '--data-dir', space.path('agent')]
      .map((word) => `'${word}'`)
      .join(' ');
    const shell = `stty cols 120; stty -g; trap '' INT; (trap - INT; exec ${command}); echo "exit=$?"; stty -g`;
    const terminal = spawn('script', ['-qec', shell, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: environment(),
    });
    let shown = '';
    let interrupted = false;
    terminal.stdout.on('data', (chunk: Buffer) => {
      shown += chunk.toString();
      if (interrupted || !/\[#.*[1-9]\d?%/.test(shown)) return;
      interrupted = true;
      terminal.stdin.write('\u0003');
    });
    await once(terminal, 'close');
    expect(shown).toMatch(/bar\.bin \[#+-+\] \d+% .* of 64\.0 MiB, .*\/s, \d+:\d\d left/);
    expect(shown).toContain('exit=130');
    const settings = shown.match(/^[0-9a-f]+(?::[0-9a-f]+){10,}/gm) ?? [];
    expect(settings).toHaveLength(2);
    expect(settings[1]).toBe(settings[0]);
    // Cursor (25) and line wrap (7): what was switched off was switched on again.
    for (const mode of ['?25', '?7']) {
      expect(shown.lastIndexOf(`\u001b[${mode}h`)).toBeGreaterThanOrEqual(shown.lastIndexOf(`\u001b[${mode}l`));
    }
    expect(existsSync(join(space.inbox, '.sealane-partial'))).toBe(true);
    expect(existsSync(join(space.inbox, 'bar.bin'))).toBe(false);
  }, 60_000);
});

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, TERM: 'xterm', COLUMNS: '120' };
}
