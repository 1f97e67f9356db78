/** Watches the entry of the own account: statements that no device of ours made are shown to the user. */
import { applyStatement, type AccountState, type Statement, decodeStatement } from '@sealane/shared/accounts';
import { equalBytes } from '@sealane/shared/bytes';
import type { Crypto } from '@sealane/shared/crypto';

/** A statement of the own account that this device did not make. */
export interface StrangeStatement {
  readonly statement: Statement;
  /** The device that signed it, or undefined for the recovery key and the first device's own listing. */
  readonly authorAgentId: string | undefined;
  /** Whether it gives somebody rights, or takes rights away: what a user has to look at. */
  readonly isSerious: boolean;
}

/**
 * Finds what others said in our name.
 *
 * @param known state before the statements; they were checked by `DirectoryChecker.takeEntry`.
 * @param isOwn whether this device made the statement with this hash (32 bytes).
 */
export function strangeStatements(
  crypto: Crypto,
  { known, statements }: { readonly known: AccountState | undefined; readonly statements: readonly Uint8Array[] },
  isOwn: (hash: Uint8Array) => boolean,
): readonly StrangeStatement[] {
  const strange: StrangeStatement[] = [];
  let state = known;
  for (const bytes of statements) {
    const statement = decodeStatement(bytes);
    const result = applyStatement(crypto, state, bytes);
    if (statement === undefined || !result.ok) break;
    if (!isOwn(result.state.hash)) {
      const author = state?.devices.find(({ signingKey }) => equalBytes(signingKey, statement.author));
      const isSerious = isChangeOfRights(statement, state);
      strange.push({ statement, authorAgentId: author?.agentId, isSerious });
    }
    state = result.state;
  }
  return strange;
}

/** A renewal and a profile change nobody's rights. */
function isChangeOfRights({ content }: Statement, state: AccountState | undefined): boolean {
  if (content.kind === 'profile') return false;
  if (content.kind !== 'add-device') return true;
  const present = state?.devices.find(({ agentId }) => agentId === content.agentId);
  return present === undefined || present.revoked !== undefined;
}
