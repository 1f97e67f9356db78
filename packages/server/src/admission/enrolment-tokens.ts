/** Makes enrolment tokens. Needs only the identity, so that it works beside a running server and before the first start. */
import type { IdentityKeys, Random } from '@sealane/shared/crypto';
import { encodeEnrolmentToken, enrolmentTokenText } from '@sealane/shared/documents';

const TOKEN_ID_BYTES = 16;

/** What a token is to allow. */
export interface TokenRequest {
  /** The only id that it admits; any free one without it. */
  readonly agentId?: string | undefined;
  /** Whether it gives a known id to another key. */
  readonly replace: boolean;
  /** Seconds from now on. */
  readonly expiresInSeconds: number;
}

/** The text of a fresh token, and when it expires (unix seconds). */
export function issueEnrolmentToken(
  identity: IdentityKeys,
  request: TokenRequest,
  options: { readonly random: Random; readonly nowSeconds: number },
): { readonly text: string; readonly expiresAt: number } {
  const expiresAt = options.nowSeconds + request.expiresInSeconds;
  const document = encodeEnrolmentToken(
    {
      tokenId: options.random(TOKEN_ID_BYTES),
      serverKey: identity.static.publicKey,
      ...(request.agentId !== undefined && { agentId: request.agentId }),
      replace: request.replace,
      issuedAt: options.nowSeconds,
      expiresAt,
    },
    identity,
  );
  return { text: enrolmentTokenText(document), expiresAt };
}
