/** createConnections: the one composition of `Connections`, for servers and for the simulator. */
import { systemRandom } from '@sealane/node/transport';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { decodeKeySuccession } from '@sealane/shared/documents';
import { Admission, ResumeTokens } from '../admission/index.ts';
import type { EnrolmentPolicy } from '../config/index.ts';
import { ConnectionGate, descriptorLimit } from '../limits/index.ts';
import { Connections, type ConnectionsOptions } from './connections.ts';
import type { DataDirectory, ServerIdentity } from './data-directory.ts';

export interface CreateConnectionsOptions extends Omit<
  ConnectionsOptions,
  'gate' | 'admission' | 'resumeTokens' | 'bans'
> {
  readonly data: Pick<DataDirectory, 'registry' | 'resumeKey'> & Pick<ConnectionsOptions, 'bans'>;
  readonly policy: EnrolmentPolicy;
  readonly identity: () => ServerIdentity;
}

/** Connections as a server makes them: with its gate, its admission, and the tokens that it accepts. */
export function createConnections(options: CreateConnectionsOptions): Connections {
  const { data, policy, identity, limits, wallClock } = options;
  const admission = new Admission({
    policy,
    registry: data.registry,
    crypto: nativeCrypto,
    tokenKeys: () => tokenKeysOf(identity()),
    agentsMax: limits.agentsMax,
    nowSeconds: () => Math.floor(wallClock() / 1_000),
  });
  return new Connections({
    ...options,
    bans: data.bans,
    gate: new ConnectionGate(limits, { descriptorsMax: descriptorLimit() }),
    admission,
    resumeTokens: new ResumeTokens({ crypto: nativeCrypto, random: systemRandom, key: data.resumeKey }),
  });
}

/** Tokens of the present identity count, and those that earlier ones signed, for as long as agents follow them. */
export function tokenKeysOf({ keys, successions }: ServerIdentity): readonly Uint8Array[] {
  const earlier = successions.flatMap((document) => decodeKeySuccession(document)?.oldSigningKey ?? []);
  return [keys.signingPublicKey, ...earlier];
}
