/**
 * Runs a program of this workspace from its source: what the commands in `node_modules/.bin` do inside the workspace.
 * Plain JavaScript, because the Node that starts it may be too old for anything else; the child says so.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * @param {URL} main the program's `src/main.ts`
 */
export function launchSource(main) {
  const check = new URL('./require-node.js', import.meta.url).href;
  const flags = ['--import', check, '--conditions=@sealane/source', fileURLToPath(main)];
  const child = spawn(process.execPath, [...flags, ...process.argv.slice(2)], { stdio: 'inherit' });
  // Ctrl-C reaches the child from the terminal; what only this process is sent goes on to it.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exitCode = code ?? 1;
    else {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
  });
}
