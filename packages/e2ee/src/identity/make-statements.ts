/** The statements that a device makes of its account: its beginning, devices, and their certificates. */
import { CERTIFICATE_SECONDS_MAX, applyStatement, nextStatement, type AccountState } from '@sealane/shared/accounts';
import type { Crypto, DocumentSigner } from '@sealane/shared/crypto';
import { assert } from '@sealane/shared/errors';

/** A device as statements name it. */
export interface NamedDevice {
  readonly agentId: string;
  /** X25519 public key of the agent, 32 bytes. */
  readonly transportKey: Uint8Array;
  /** Ed25519 public key of the device, 32 bytes. */
  readonly signingKey: Uint8Array;
  /** What its owner calls it. */
  readonly name: string;
}

/** A statement to be handed to the server, and what the account comes to with it. */
export interface MadeStatement {
  readonly statement: Uint8Array;
  readonly state: AccountState;
}

/** A device renews itself when its certificate has less than this left, in seconds: 30 days. */
export const RENEWAL_SECONDS = 2_592_000;

/** Certificates begin this long before the clock of their author, in seconds: clocks differ. */
const CLOCK_SKEW_SECONDS = 3_600;

/**
 * Makes an account: genesis, and the statement that lists its first device.
 *
 * @param at unix seconds.
 * @throws RangeError for a name or a device that no log may have.
 */
export function makeAccount(
  crypto: Crypto,
  account: {
    readonly username: string;
    readonly recoveryKey: Uint8Array;
    readonly device: Omit<NamedDevice, 'signingKey'>;
  },
  { signer, at }: { readonly signer: DocumentSigner; readonly at: number },
): { readonly statements: readonly [Uint8Array, Uint8Array]; readonly state: AccountState } {
  const { username, recoveryKey } = account;
  const signingKey = signer.signingPublicKey;
  const content = { kind: 'genesis', username, recoveryKey, firstSigningKey: signingKey } as const;
  const genesis = nextStatement(undefined, { content, at }, signer);
  const begun = applied(crypto, undefined, genesis);
  const listing = listDevice(crypto, begun.state, { device: { ...account.device, signingKey }, signer, at });
  return { statements: [genesis, listing.statement], state: listing.state };
}

/**
 * Lists a device, or renews it where it is listed. The signer is a listed device, or the recovery key.
 *
 * @throws RangeError where the log may not go on like this.
 */
export function listDevice(
  crypto: Crypto,
  state: AccountState,
  { device, signer, at }: { readonly device: NamedDevice; readonly signer: DocumentSigner; readonly at: number },
): MadeStatement {
  const { agentId, transportKey, signingKey, name } = device;
  const notBefore = Math.max(0, at - CLOCK_SKEW_SECONDS);
  const dates = { notBefore, notAfter: notBefore + CERTIFICATE_SECONDS_MAX };
  const content = { kind: 'add-device', agentId, transportKey, signingKey, name, ...dates } as const;
  return applied(crypto, state, nextStatement(state, { content, at }, signer));
}

/** Revokes a device for good. @throws RangeError where it is not listed, or the signer may not. */
export function revokeDevice(
  crypto: Crypto,
  state: AccountState,
  { agentId, signer, at }: { readonly agentId: string; readonly signer: DocumentSigner; readonly at: number },
): MadeStatement {
  const content = { kind: 'revoke-device', agentId } as const;
  return applied(crypto, state, nextStatement(state, { content, at }, signer));
}

/** Whether a certificate that ends at `notAfter` is to be renewed (both unix seconds). */
export function isRenewalDue(notAfter: number, atSeconds: number): boolean {
  return notAfter - atSeconds < RENEWAL_SECONDS;
}

// What we make is judged as others will judge it, before it goes out.
function applied(crypto: Crypto, state: AccountState | undefined, statement: Uint8Array): MadeStatement {
  const result = applyStatement(crypto, state, statement);
  if (!result.ok) {
    assert(result.fault.code !== 'bad-signature', 'the signer does not sign with the key that it names');
    throw new RangeError(`this statement is not valid here: ${result.fault.code}`);
  }
  return { statement, state: result.state };
}
