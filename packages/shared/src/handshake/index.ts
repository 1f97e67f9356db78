/** Handshake: Noise XX and XXhfs carried by packets 0x01 to 0x04, and the key schedule of key updates. */
export {
  FINISH_PAYLOAD_BYTES_MAX,
  HANDSHAKE_BODY_BYTES_MAX,
  HANDSHAKE_TIMEOUT_MS,
  REJECTED_RETRY_AFTER_MS_MAX,
  RESPONSE_PAYLOAD_BYTES_MAX,
} from './limits.ts';
export { HANDSHAKE_PACKET } from './suites.ts';
export type { Chosen } from './suites.ts';
export { AgentDecides, AwaitEncryptionResponse, startAgentHandshake } from './agent-handshake.ts';
export type { AgentHandshakeOptions } from './agent-handshake.ts';
export { AwaitEncryptionFinish, AwaitEncryptionRequest, ServerResponds } from './server-handshake.ts';
export type { ServerHandshakeOptions } from './server-handshake.ts';
export { encodeRejected, readRejected } from './rejected.ts';
export type { Rejected } from './rejected.ts';
export { SessionKeys } from './session-keys.ts';
export { AwaitKeyUpdateResponse, EpochKeys, answerKeyUpdate, epochHasKem, startKeyUpdate } from './rekey.ts';
export type {
  AnswerKeyUpdateOptions,
  FinishKeyUpdateOptions,
  KeyUpdateFields,
  StartKeyUpdateOptions,
} from './rekey.ts';
