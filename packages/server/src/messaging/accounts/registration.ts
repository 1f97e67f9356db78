/** Who may register (docs/protocols/messaging.md §2.4): everybody, holders of a token, this machine, or nobody. */
import type { Crypto } from '@sealane/shared/crypto';
import { verifyEnrolmentToken } from '@sealane/shared/documents';
import { CallError } from '../call-error.ts';

/** `loopback` is what a server does that has no policy of its own and enrols agents of its own machine only. */
export type RegistrationPolicy = 'open' | 'token' | 'closed' | 'loopback';

export interface Registrant {
  readonly agentId: string;
  readonly isLoopback: boolean;
  readonly token: Uint8Array | null;
}

export class Registration {
  readonly #policy: RegistrationPolicy;
  readonly #crypto: Crypto;
  readonly #tokenKeys: () => readonly Uint8Array[];
  readonly #nowSeconds: () => number;

  constructor(options: {
    readonly policy: RegistrationPolicy;
    readonly crypto: Crypto;
    /** Keys whose tokens count: of this identity, and of those before it. */
    readonly tokenKeys: () => readonly Uint8Array[];
    readonly nowSeconds: () => number;
  }) {
    this.#policy = options.policy;
    this.#crypto = options.crypto;
    this.#tokenKeys = options.tokenKeys;
    this.#nowSeconds = options.nowSeconds;
  }

  /**
   * @returns the id of the token that is redeemed; null where none is needed.
   * @throws CallError `E_REGISTRATION_CLOSED`, `E_TOKEN_INVALID`, `E_TOKEN_EXPIRED`.
   */
  judge({ agentId, isLoopback, token }: Registrant): Uint8Array | null {
    if (this.#policy === 'open' || (this.#policy === 'loopback' && isLoopback)) return null;
    if (this.#policy === 'closed') throw new CallError('E_REGISTRATION_CLOSED');
    if (token === null) throw new CallError('E_REGISTRATION_CLOSED');
    let code: 'E_TOKEN_INVALID' | 'E_TOKEN_EXPIRED' = 'E_TOKEN_INVALID';
    for (const key of this.#tokenKeys()) {
      const result = verifyEnrolmentToken(this.#crypto, token, key, this.#nowSeconds());
      if (result.ok && (result.token.agentId === undefined || result.token.agentId === agentId))
        return result.token.tokenId;
      if (!result.ok && result.code === 'E_TOKEN_EXPIRED') code = result.code;
    }
    throw new CallError(code);
  }
}
