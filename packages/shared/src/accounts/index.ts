/** Accounts: usernames, the signed statement log and what it comes to, device credentials, login by signature. */
export { USERNAME_CHARS_MIN, USERNAME_RULE, foldUsername, usernameFault } from './username.ts';
export type { UsernameFault } from './username.ts';
export {
  CERTIFICATE_SECONDS_MAX,
  GENESIS_PREVIOUS,
  SHOWN_NAME_BYTES_MAX,
  decodeStatement,
  encodeStatement,
  statementHash,
} from './statement.ts';
export type { Statement, StatementContent, StatementFields } from './statement.ts';
export type { StatementFaultCode } from './statement-fault.ts';
export { deviceOf, deviceWithKey, isExpired, judgeDevice, listedDevices } from './account-state.ts';
export type { AccountDevice, AccountState, DeviceStanding, Revocation } from './account-state.ts';
export { STATEMENTS_PER_ACCOUNT_MAX, applyStatement, nextStatement, verifyAccountLog } from './account-log.ts';
export type { AccountLogResult, AccountLogWarning } from './account-log.ts';
export { decodeCredential, encodeCredential } from './credential.ts';
export type { DeviceCredential } from './credential.ts';
export { isLoginSignedBy, signLogin } from './login.ts';
export type { LoginClaim } from './login.ts';
