/** Where a measurement was made: machine, versions, revision. Names no host and no path. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { createRequire } from 'node:module';

const PEERS = ['ws', 'socket.io', 'socket.io-client', 'msgpackr', 'redis', 'nats', 'mqtt'] as const;
/** Servers of peers, with what their version follows. */
const PROGRAMS = [
  ['redis-server', '--version', /v=([\d.]+)/],
  ['nats-server', '--version', /v([\d.]+)/],
  ['mosquitto', '-h', /version ([\d.]+)/],
] as const;

/** What a figure depends on. */
export interface Environment {
  readonly date: string;
  readonly revision: string;
  readonly node: string;
  readonly openssl: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** Load average of the last minute when the row began: above 0.5 the machine was not idle. */
  readonly load: number;
  readonly peers: Readonly<Record<string, string>>;
}

export function describeEnvironment(): Environment {
  const processors = cpus();
  return {
    date: new Date().toISOString(),
    revision: revision(),
    node: process.versions.node,
    openssl: process.versions.openssl,
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    load: Number((loadavg()[0] ?? 0).toFixed(2)),
    peers: { ...Object.fromEntries(PEERS.map((name) => [name, versionOf(name)])), ...programVersions() },
  };
}

function programVersions(): Record<string, string> {
  return Object.fromEntries(
    PROGRAMS.map(([command, argument, version]) => {
      const { stdout, error } = spawnSync(command, [argument], { encoding: 'utf8' });
      return [command, (error === undefined ? version.exec(stdout)?.[1] : undefined) ?? 'not there'];
    }),
  );
}

function revision(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const isClean = git('status', '--porcelain', '--untracked-files=no', 'packages') === '';
  return git('rev-parse', '--short', 'HEAD') + (isClean ? '' : ' with changes');
}

/** From the package's own package.json, which not every package exports. */
function versionOf(name: string): string {
  const require = createRequire(import.meta.url);
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return (JSON.parse(readFileSync(`${folder}/${name}/package.json`, 'utf8')) as { version: string }).version;
    } catch {
      continue;
    }
  }
  return 'unknown';
}
