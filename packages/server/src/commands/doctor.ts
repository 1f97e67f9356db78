/** `doctor`: what this machine and data directory need, and who the enrolment policy lets in. */
import { join } from 'node:path';
import {
  clockCheck,
  dataDirectoryCheck,
  diskSpaceCheck,
  doctorCommand,
  fsyncCheck,
  keyFileCheck,
  nodeVersionCheck,
  portCheck,
  type Check,
  type CheckResult,
} from '@sealane/node/cli';
import { IDENTITY_FILE, lockHolder } from '@sealane/node/keys';
import type { EnrolmentPolicy } from '../config/index.ts';
import { descriptorLimit } from '../limits/index.ts';
import type { RegistrationPolicy } from '../messaging/index.ts';
import { readPermissionsFile } from '../permissions/index.ts';
import { adminPortCheck, diskFloorCheck, redisCheck } from './doctor-checks.ts';
import { serveSettings } from './serve.ts';

const DESCRIPTORS_WARN = 10_240;
const SQLITE = 'sqlite:';

export const doctor = doctorCommand(serveSettings, ({ settings, origins }) => {
  const { dataDir, passphrase, host, port, enrolment, registration, permissions, store = '', adminPort } = settings;
  const isOnRedis = /^rediss?:/.test(store);
  return [
    nodeVersionCheck(),
    clockCheck(),
    dataDirectoryCheck(dataDir),
    keyFileCheck(join(dataDir, IDENTITY_FILE), { kind: 'server', passphrase }),
    diskSpaceCheck(dataDir),
    fsyncCheck(dataDir),
    isOnRedis ? redisCheck(store) : diskFloorCheck(store.startsWith(SQLITE) ? store.slice(SQLITE.length) : dataDir),
    portOrServerCheck(dataDir, host, port),
    adminPortCheck(dataDir, { port: adminPort, isDefault: origins['admin-port']?.layer === 'default' }),
    enrolmentCheck(enrolment, host),
    ...(isOnRedis ? [] : [registrationCheck(registration ?? enrolment, host)]),
    descriptorCheck(),
    ...(permissions === undefined ? [] : [permissionsCheck(permissions)]),
  ];
});

/** A port that our own server holds is as it should be. */
function portOrServerCheck(directory: string, host: string, port: number): Check {
  const check = portCheck(host, port);
  return {
    name: check.name,
    async run() {
      const result = await check.run();
      const holder = result.status === 'fail' ? holderOf(directory) : undefined;
      return holder === undefined
        ? result
        : { status: 'ok', detail: `taken, and the server runs as process ${holder}` };
    },
  };
}

/** Who gets in as an agent. */
export function enrolmentCheck(policy: EnrolmentPolicy, host: string): Check {
  const open = 'anybody who reaches the port enrols';
  const loopback = 'agents on this machine enrol themselves';
  return policyCheck({ name: 'enrolment', policy, host, open, loopback });
}

/** Who makes accounts of messaging. */
export function registrationCheck(policy: RegistrationPolicy, host: string): Check {
  const open = 'any agent makes accounts, and takes names';
  const loopback = 'agents on this machine make accounts';
  return policyCheck({ name: 'registration', policy, host, open, loopback });
}

/** Behind NAT or a proxy on this host strangers look local, and `loopback` would let them in. */
function policyCheck(about: {
  readonly name: string;
  readonly policy: RegistrationPolicy;
  readonly host: string;
  /** What the policies mean. */
  readonly open: string;
  readonly loopback: string;
}): Check {
  const { name, policy, host, open, loopback } = about;
  return {
    name,
    run(): CheckResult {
      const listensAbroad = !/^(127\.|::1$|localhost$)/.test(host);
      if (policy === 'open') return { status: 'warn', detail: open, fix: `Use --${name} token.` };
      if (policy !== 'loopback') return { status: 'ok', detail: policy };
      if (!listensAbroad) return { status: 'ok', detail: loopback };
      return {
        status: 'warn',
        detail: `${loopback}; strangers look local where NAT, a proxy or a port forward on this machine stands before the port`,
        fix: `There use --${name} token.`,
      };
    },
  };
}

function descriptorCheck(): Check {
  return {
    name: 'file descriptors',
    run(): CheckResult {
      const limit = descriptorLimit();
      const detail = `${limit} allowed, one a connection`;
      if (limit >= DESCRIPTORS_WARN) return { status: 'ok', detail };
      return { status: 'warn', detail, fix: 'Raise the limit: ulimit -n 65536, or LimitNOFILE=65536 in the unit.' };
    },
  };
}

function permissionsCheck(file: string): Check {
  return {
    name: 'permissions',
    run(): CheckResult {
      readPermissionsFile(file);
      return { status: 'ok', detail: file };
    },
  };
}

function holderOf(directory: string): number | undefined {
  try {
    return lockHolder(directory);
  } catch {
    return undefined;
  }
}
