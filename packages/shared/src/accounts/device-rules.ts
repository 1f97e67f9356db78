/** How statements change the devices of an account (`account-log.ts`, rules 3 and 4). */
import { equalBytes } from '../bytes/index.ts';
import { DEVICES_PER_ACCOUNT_MAX } from '../packets/index.ts';
import { deviceOf, listedDevices, type AccountDevice, type AccountState } from './account-state.ts';
import type { StatementFaultCode } from './statement-fault.ts';
import type { Statement, StatementContent } from './statement.ts';

type AddDevice = Extract<StatementContent, { kind: 'add-device' }>;
type RevokeDevice = Extract<StatementContent, { kind: 'revoke-device' }>;
/** The devices of an account, and what they were before. */
type Devices = Pick<AccountState, 'devices' | 'former'>;

/** The devices after a statement whose author was checked. */
export function changeDevices(
  state: AccountState,
  statement: Statement,
  content: AddDevice | RevokeDevice,
): Devices | StatementFaultCode {
  if (content.kind === 'revoke-device') return revoke(state, statement, content);
  if (state.count === 1 && !equalBytes(content.signingKey, state.firstSigningKey)) return 'first-device';
  const present = deviceOf(state, content.agentId);
  return present?.revoked === undefined && present !== undefined
    ? renew(state, present, content)
    : list(state, statement, content, present);
}

function renew(
  state: AccountState,
  present: AccountDevice,
  { kind: _kind, ...renewed }: AddDevice,
): Devices | StatementFaultCode {
  const isSame =
    equalBytes(present.signingKey, renewed.signingKey) && equalBytes(present.transportKey, renewed.transportKey);
  return isSame ? replaced(state, { ...present, ...renewed }) : 'keys-changed';
}

function list(
  state: AccountState,
  { index, author }: Statement,
  { kind: _kind, ...added }: AddDevice,
  revokedBefore: AccountDevice | undefined,
): Devices | StatementFaultCode {
  const byRecoveryKey = equalBytes(author, state.recoveryKey);
  if (revokedBefore?.revoked?.byRecoveryKey === true && !byRecoveryKey) return 'revoked-by-recovery-key';
  if (isKeyTaken(state, added)) return 'key-in-use';
  if (listedDevices(state).length >= DEVICES_PER_ACCOUNT_MAX) return 'too-many-devices';
  const device = { ...added, addedAtIndex: index };
  if (revokedBefore === undefined) return { devices: [...state.devices, device], former: state.former };
  const { devices, former } = replaced(state, device);
  const isSame = equalBytes(revokedBefore.signingKey, added.signingKey);
  return { devices, former: isSame ? former : [...former, revokedBefore] };
}

/** A key of a revoked device stays taken: under another agent id, or after a change of keys, it would be back. */
function isKeyTaken(
  { recoveryKey, devices, former }: AccountState,
  { agentId, signingKey, transportKey }: Omit<AddDevice, 'kind'>,
): boolean {
  if (equalBytes(signingKey, recoveryKey)) return true;
  if (former.some((other) => equalBytes(other.signingKey, signingKey))) return true;
  return [...devices, ...former].some(
    (other) =>
      other.agentId !== agentId &&
      (equalBytes(other.signingKey, signingKey) || equalBytes(other.transportKey, transportKey)),
  );
}

function revoke(
  state: AccountState,
  { index, at, author }: Statement,
  { agentId }: RevokeDevice,
): Devices | StatementFaultCode {
  if (state.count === 1) return 'first-device';
  const byRecoveryKey = equalBytes(author, state.recoveryKey);
  const present = deviceOf(state, agentId);
  if (present === undefined) return 'unknown-device';
  // The recovery key may make a revocation by a device its own, so that no device undoes it.
  if (present.revoked !== undefined && (present.revoked.byRecoveryKey || !byRecoveryKey)) return 'unknown-device';
  return replaced(state, { ...present, revoked: { index, at, byRecoveryKey } });
}

function replaced({ devices, former }: AccountState, device: AccountDevice): Devices {
  return { devices: devices.map((other) => (other.agentId === device.agentId ? device : other)), former };
}
