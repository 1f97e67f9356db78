/** What the log of an account comes to: its names, keys and devices. */
import { equalBytes } from '../bytes/index.ts';

/** A device that the log lists, or listed. */
export interface AccountDevice {
  readonly agentId: string;
  /** X25519 public key, 32 bytes. */
  readonly transportKey: Uint8Array;
  /** Ed25519 public key, 32 bytes. */
  readonly signingKey: Uint8Array;
  readonly name: string;
  /** Unix seconds. */
  readonly notBefore: number;
  /** Unix seconds. */
  readonly notAfter: number;
  /** Index of the statement that added it; a renewal keeps it. */
  readonly addedAtIndex: number;
  /** Where it was revoked; undefined while it is listed. */
  readonly revoked?: Revocation;
}

/** The end of the rights of a device. */
export interface Revocation {
  readonly index: number;
  /** Unix seconds, by the clock of whoever revoked it. */
  readonly at: number;
  /** Whether the recovery key did it: then only the recovery key lists the device again. */
  readonly byRecoveryKey: boolean;
}

/** An account after the last statement of its log. */
export interface AccountState {
  /** SHA-256 of the genesis statement, 32 bytes. */
  readonly accountId: Uint8Array;
  readonly username: string;
  /** Ed25519 public key, 32 bytes. */
  readonly recoveryKey: Uint8Array;
  /** Key of the device that must be the first. */
  readonly firstSigningKey: Uint8Array;
  /** Empty where none was set. */
  readonly displayName: string;
  /** Every device there ever was, in the order of their first statements: one for each agent id. */
  readonly devices: readonly AccountDevice[];
  /** What revoked devices were before they were listed anew with other keys: those keys stay revoked. */
  readonly former: readonly AccountDevice[];
  /** Statements of the log. */
  readonly count: number;
  /** SHA-256 of the last statement, 32 bytes. */
  readonly hash: Uint8Array;
}

/** Judgement on a key that claims to be of a device. */
export type DeviceStanding = 'listed' | 'expired' | 'revoked' | 'unknown';

/** Devices that are not revoked, those with an expired certificate included. */
export function listedDevices(state: AccountState): readonly AccountDevice[] {
  return state.devices.filter(({ revoked }) => revoked === undefined);
}

/** The device of this agent id, also a revoked one. */
export function deviceOf(state: AccountState, agentId: string): AccountDevice | undefined {
  return state.devices.find((device) => device.agentId === agentId);
}

/** The device that has, or had, this key under this agent id. */
export function deviceWithKey(
  { devices, former }: AccountState,
  { agentId, signingKey }: { readonly agentId: string; readonly signingKey: Uint8Array },
): AccountDevice | undefined {
  const isIt = (device: AccountDevice): boolean =>
    device.agentId === agentId && equalBytes(device.signingKey, signingKey);
  return devices.find(isIt) ?? former.find(isIt);
}

/** How a device with this key stands at a time (unix seconds). Expired is a warning, never a reason not to read. */
export function judgeDevice(
  state: AccountState,
  claim: { readonly agentId: string; readonly signingKey: Uint8Array; readonly atSeconds: number },
): DeviceStanding {
  const device = deviceWithKey(state, claim);
  if (device === undefined) return 'unknown';
  if (device.revoked !== undefined) return 'revoked';
  return isExpired(device, claim.atSeconds) ? 'expired' : 'listed';
}

/** Whether the certificate has ended. One that has not begun counts as begun: clocks differ. */
export function isExpired(device: AccountDevice, atSeconds: number): boolean {
  return atSeconds > device.notAfter;
}
