/** Programs of other makers that take part: started for one run on a free port, ended with the process that started them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { atExit } from '../../ending/at-exit.ts';

/** How a program is started. */
export interface ProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Debian package that brings it. */
  readonly debianPackage: string;
  /** Where it listens once it is ready. */
  readonly port: number;
}

/** A program that runs. */
export interface RunningProgram {
  /** CPU time that it took so far in µs, user and system; 0 where the system does not tell (it is read from `/proc`). */
  readonly cpuUs: () => number;
}

const START_MS_MAX = 10_000;
const LOOK_MS = 20;
const STDERR_CHARACTERS_MAX = 2_000;
/** Linux counts in hundredths of a second for programs, whatever its kernel does. */
const CPU_TICK_US = 10_000;
/** Fields 14 and 15 of proc_pid_stat(5), counted behind the name, which may hold anything. */
const USER_FIELD = 11;
const SYSTEM_FIELD = 12;

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
export async function startProgram({ command, args, debianPackage, port }: ProgramOptions): Promise<RunningProgram> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  atExit(() => child.kill('SIGKILL'));
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
  return { cpuUs: () => cpuUsOf(child.pid) };
}

function cpuUsOf(pid: number | undefined): number {
  try {
    const stat = readFileSync(`/proc/${pid ?? 0}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[USER_FIELD]) + Number(fields[SYSTEM_FIELD])) * CPU_TICK_US;
  } catch {
    return 0;
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
