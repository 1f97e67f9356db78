/** Envelopes: RSA-OAEP and AES-256-GCM, for clients that bring their own encryption. */
export { generateEnvelopeKeys } from './envelope-keys.ts';
export type { EnvelopeKeyPair, Subtle } from './envelope-keys.ts';
export {
  ENVELOPE_BYTES_MAX,
  ENVELOPE_RECIPIENTS_MAX,
  openDirectEnvelope,
  openSharedEnvelope,
  sealDirectEnvelope,
  sealSharedEnvelope,
} from './hybrid-envelope.ts';
export type { DirectEnvelope, SharedEnvelope } from './hybrid-envelope.ts';
