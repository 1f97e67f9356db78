/** Lets system calls of a running process fail or wait, with strace. */
import { spawn } from 'node:child_process';
import { works } from '@sealane/node/testing';

/** Whether there is a strace that may trace. */
export const canTrace = works('strace', ['-qq', '-o', '/dev/null', 'true']);

/** @param injection such as `delay_enter=2000000` (µs) or `error=EIO:when=1`. */
export function inject(pid: number, calls: string, injection: string): { readonly end: () => void } {
  const expressions = ['-e', `trace=${calls}`, '-e', `inject=${calls}:${injection}`];
  const tracer = spawn('strace', ['-f', '-qq', '-o', '/dev/null', ...expressions, '-p', String(pid)], {
    stdio: 'ignore',
  });
  return { end: () => void tracer.kill('SIGTERM') };
}
