/** The groups of faults: what each needs of the machine, and the ground it stands on. */
import { canLosePower, canMount, hasRedis } from '@sealane/node/testing';
import type { Ground, GroundSetting } from './ground.ts';
import { diskGround } from './grounds/disk-ground.ts';
import { killGround } from './grounds/kill-ground.ts';
import { canCutNetwork, networkGround } from './grounds/network-ground.ts';
import { powerGround } from './grounds/power-ground.ts';
import { proxyGround } from './grounds/proxy-ground.ts';
import { redisGround } from './grounds/redis-ground.ts';

export interface Group {
  /** For the help and the report. */
  readonly summary: string;
  /** @returns what is missing here; undefined where it can be done. */
  readonly missing: () => string | undefined;
  readonly ground: (setting: GroundSetting) => Promise<Ground>;
}

const needs = (what: string, isThere: () => boolean) => (): string | undefined => (isThere() ? undefined : what);

export const GROUPS = {
  kill: {
    summary: 'kill -9 and SIGSTOP of server, listeners, publishers and members of a group',
    missing: () => undefined,
    ground: killGround,
  },
  network: {
    summary: 'packets dropped, refused and lost by the kernel, in one direction or both (root, nft)',
    missing: needs('it needs root, unshare, nsenter, ip and nft', canCutNetwork),
    ground: networkGround,
  },
  proxy: {
    summary: 'a way that delays, slices, corrupts, repeats, reorders, cuts and swallows',
    missing: () => undefined,
    ground: proxyGround,
  },
  disk: {
    summary: 'a disk that fills up to the last byte (root)',
    missing: needs('it needs root, to mount a tmpfs', canMount),
    ground: diskGround,
  },
  power: {
    summary: 'a disk that loses its power under load (root)',
    missing: needs('it needs root, losetup, mkfs.ext4 and python3', canLosePower),
    ground: powerGround,
  },
  redis: {
    summary: 'two nodes on a Redis that is killed, stopped and cut off, as they are (redis-server)',
    missing: needs('it needs redis-server', () => hasRedis),
    ground: redisGround,
  },
} as const satisfies Readonly<Record<string, Group>>;

export type GroupName = keyof typeof GROUPS;
