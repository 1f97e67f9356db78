/** Keys: those of a device, the recovery key, sealed boxes, secrets under a passphrase. */
export { DEVICE_KEYS_BYTES, DeviceKeys } from './device-keys.ts';
export { PASSPHRASE_COST, unwrapWithPassphrase, wrapWithPassphrase } from './passphrase-wrap.ts';
export { RecoveryKey } from './recovery-key.ts';
export { RECOVERY_SECRET_BYTES, parseRecoveryText, recoveryText } from './recovery-text.ts';
export type { RecoveryTextResult } from './recovery-text.ts';
export { SEALED_BOX_OVERHEAD_BYTES, openBox, sealBox } from './sealed-box.ts';
export type { BoxPurpose } from './sealed-box.ts';
