/** Whom the peers besiege, and what they say of themselves. */
import { randomBytes } from 'node:crypto';
import { createEnvironment } from '@sealane/node/transport';
import { IdentityKeys } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import type { AgentSessionSettings } from '@sealane/shared/session';
import { DEFAULT_PEER_LIMITS, DEFAULT_SESSION_LIMITS, suitesFor } from '@sealane/shared/wire';

export interface Target {
  readonly host: string;
  readonly port: number;
}

const environment = createEnvironment();
const ID_BYTES = 8;
const SEED_BYTES = 32;

/** An agent that nobody has met before. */
export function agentSettings(): AgentSessionSettings {
  return {
    environment,
    identity: new IdentityKeys(nativeCrypto, randomBytes(SEED_BYTES)).static,
    suites: suitesFor('pq'),
    limits: DEFAULT_SESSION_LIMITS,
    announced: DEFAULT_PEER_LIMITS,
    build: 'siege',
    agentId: `siege-${randomBytes(ID_BYTES).toString('hex')}`,
    instance: 'main',
    enrolmentToken: null,
    resumeToken: null,
  };
}
