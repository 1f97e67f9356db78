/** Programs of other makers that take part: started for one run on a free port, ended with the process that started them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How a program is started. */
export interface ProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Debian package that brings it. */
  readonly debianPackage: string;
  /** Where it listens once it is ready. */
  readonly port: number;
}

const START_MS_MAX = 10_000;
const LOOK_MS = 20;
const STDERR_CHARACTERS_MAX = 2_000;

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Resolves once the program takes connections. @throws Error that says what is missing. */
export async function startProgram({ command, args, debianPackage, port }: ProgramOptions): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  process.once('exit', () => child.kill('SIGKILL'));
  let failure: string | undefined;
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + String(chunk)).slice(-STDERR_CHARACTERS_MAX)));
  child.on('error', () => (failure = `there is no "${command}" (Debian: apt-get install ${debianPackage})`));
  child.on('exit', (code, signal) => (failure ??= `"${command}" ended (${code ?? signal ?? '?'}): ${said}`));
  const beginsAt = performance.now();
  while (!(await takesConnections(port))) {
    if (failure !== undefined) throw new Error(failure);
    if (performance.now() - beginsAt > START_MS_MAX) throw new Error(`"${command}" does not listen: ${said}`);
    await sleep(LOOK_MS);
  }
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
