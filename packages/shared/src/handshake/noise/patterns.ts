/**
 * Handshake patterns (Noise revision 34, §7; XXhfs by the Noise hybrid forward secrecy extension) as data.
 * Sealane uses XXhfs and XX (docs/protocols/handshake.md §2); the others let the published vectors test the core.
 */

/** One token of a message pattern. `e1` and `ekem1` are those of the hybrid forward secrecy extension. */
export type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss' | 'e1' | 'ekem1';

/** Which static keys are known before the first message, and the tokens of each message; the initiator writes first. */
export interface Pattern {
  readonly initiatorKnown: boolean;
  readonly responderKnown: boolean;
  readonly messages: readonly (readonly Token[])[];
}

/** The patterns by Noise name. */
export const PATTERNS = {
  NN: { initiatorKnown: false, responderKnown: false, messages: [['e'], ['e', 'ee']] },
  NK: {
    initiatorKnown: false,
    responderKnown: true,
    messages: [
      ['e', 'es'],
      ['e', 'ee'],
    ],
  },
  KK: {
    initiatorKnown: true,
    responderKnown: true,
    messages: [
      ['e', 'es', 'ss'],
      ['e', 'ee', 'se'],
    ],
  },
  XX: { initiatorKnown: false, responderKnown: false, messages: [['e'], ['e', 'ee', 's', 'es'], ['s', 'se']] },
  IK: {
    initiatorKnown: false,
    responderKnown: true,
    messages: [
      ['e', 'es', 's', 'ss'],
      ['e', 'ee', 'se'],
    ],
  },
  XXhfs: {
    initiatorKnown: false,
    responderKnown: false,
    messages: [
      ['e', 'e1'],
      ['e', 'ee', 'ekem1', 's', 'es'],
      ['s', 'se'],
    ],
  },
} as const satisfies Record<string, Pattern>;

/** Name of a supported pattern. */
export type PatternName = keyof typeof PATTERNS;

/** The protocol name that starts the transcript: `Noise_XX_25519_AESGCM_SHA256` and the like. */
export function protocolName(name: PatternName): string {
  const pattern: Pattern = PATTERNS[name];
  const hybrid = pattern.messages.some((tokens) => tokens.includes('e1'));
  return `Noise_${name}_${hybrid ? '25519+MLKEM768' : '25519'}_AESGCM_SHA256`;
}
