/**
 * Runs a program in a network namespace of its own, where its addresses are no loopback addresses and its packets may be
 * dropped. All addresses are on one interface: who connects to one of them comes from the same one. Not part of the product.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** Addresses in the namespace. */
export const ADDRESSES = ['10.7.0.1', '10.7.0.2', '10.7.0.3', '10.7.0.4', '10.7.0.5'] as const;

const ISOLATED = ['--net', '--mount'];
const SETUP = [
  'ip link set lo up',
  ...ADDRESSES.map((address) => `ip address add ${address}/32 dev lo`),
  // Ports enough for a flood.
  'echo 1024 65535 > /proc/sys/net/ipv4/ip_local_port_range',
].join(' && ');

/** Whether this process may make namespaces and the commands are there; says so where not. */
export function canIsolate(what: string, commands: readonly string[] = []): boolean {
  const isThere = [['unshare', ...ISOLATED, 'ip', 'link'], ...commands.map((command) => [command, '--version'])].every(
    ([command = '', ...words]) => spawnSync(command, words).status === 0,
  );
  if (!isThere) console.warn(`SKIPPED: ${what} needs root and ${['unshare', 'ip', ...commands].join(', ')}`);
  return isThere;
}

/** Runs a source file in a new namespace to its end. @returns the JSON it printed. */
export async function runIsolated(file: string, words: readonly string[] = []): Promise<unknown> {
  const script = `${SETUP} && exec "$@"`;
  const node = [process.execPath, '--conditions=@sealane/source', file, ...words];
  const child = spawn('unshare', [...ISOLATED, 'sh', '-c', script, 'sh', ...node], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => void stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => void stderr.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`ended with ${code ?? 'a signal'}: ${Buffer.concat(stderr).toString()}`);
  return JSON.parse(Buffer.concat(stdout).toString());
}
