/** How statements change the devices of an account (`account-log.ts`, rules 3 and 4). */
import { equalBytes } from '../bytes/index.ts';
import { DEVICES_PER_ACCOUNT_MAX } from '../packets/index.ts';
import { deviceOf, listedDevices, type AccountDevice, type AccountState } from './account-state.ts';
import type { StatementFaultCode } from './statement-fault.ts';
import type { Statement, StatementContent } from './statement.ts';

type AddDevice = Extract<StatementContent, { kind: 'add-device' }>;
type RevokeDevice = Extract<StatementContent, { kind: 'revoke-device' }>;
type Devices = readonly AccountDevice[] | StatementFaultCode;

/** The devices after a statement whose author was checked. */
export function changeDevices(state: AccountState, statement: Statement, content: AddDevice | RevokeDevice): Devices {
  if (content.kind === 'revoke-device') return revoke(state, statement, content);
  if (state.count === 1 && !equalBytes(content.signingKey, state.firstSigningKey)) return 'first-device';
  const present = deviceOf(state, content.agentId);
  return present?.revoked === undefined && present !== undefined
    ? renew(state, present, content)
    : list(state, statement, content, present);
}

function renew(state: AccountState, present: AccountDevice, { kind: _kind, ...renewed }: AddDevice): Devices {
  const isSame =
    equalBytes(present.signingKey, renewed.signingKey) && equalBytes(present.transportKey, renewed.transportKey);
  return isSame ? replaced(state, { ...present, ...renewed }) : 'keys-changed';
}

function list(
  state: AccountState,
  { index, author }: Statement,
  { kind: _kind, ...added }: AddDevice,
  revokedBefore: AccountDevice | undefined,
): Devices {
  const byRecoveryKey = equalBytes(author, state.recoveryKey);
  if (revokedBefore?.revoked?.byRecoveryKey === true && !byRecoveryKey) return 'revoked-by-recovery-key';
  // A key of a revoked device stays taken: under another agent id it would be back.
  const isTaken =
    equalBytes(added.signingKey, state.recoveryKey) ||
    state.devices.some(
      (other) =>
        other.agentId !== added.agentId &&
        (equalBytes(other.signingKey, added.signingKey) || equalBytes(other.transportKey, added.transportKey)),
    );
  if (isTaken) return 'key-in-use';
  if (listedDevices(state).length >= DEVICES_PER_ACCOUNT_MAX) return 'too-many-devices';
  const device = { ...added, addedAtIndex: index };
  return revokedBefore === undefined ? [...state.devices, device] : replaced(state, device);
}

function revoke(state: AccountState, { index, at, author }: Statement, { agentId }: RevokeDevice): Devices {
  if (state.count === 1) return 'first-device';
  const byRecoveryKey = equalBytes(author, state.recoveryKey);
  const present = deviceOf(state, agentId);
  if (present === undefined) return 'unknown-device';
  // The recovery key may make a revocation by a device its own, so that no device undoes it.
  if (present.revoked !== undefined && (present.revoked.byRecoveryKey || !byRecoveryKey)) return 'unknown-device';
  return replaced(state, { ...present, revoked: { index, at, byRecoveryKey } });
}

function replaced(state: AccountState, device: AccountDevice): readonly AccountDevice[] {
  return state.devices.map((other) => (other.agentId === device.agentId ? device : other));
}
