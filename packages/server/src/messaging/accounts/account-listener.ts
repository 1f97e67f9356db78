/** AccountListener: who hears what becomes of devices and accounts. */
import type { Caller } from '../caller.ts';

export interface AccountListener {
  /** The log of an account lists a device. @throws StorageError. */
  onListed(agentId: string): Promise<void>;
  /** A device is listed no more. @throws StorageError. */
  onRevoked(agentId: string): Promise<void>;
  /** An account has ended. @throws StorageError. */
  onAccountEnded(accountId: Uint8Array, agentIds: readonly string[]): Promise<void>;
  /** The log of an account has grown. @throws StorageError. */
  onLogGrown(
    account: { readonly accountId: Uint8Array; readonly username: string; readonly statementCount: number },
    agentIds: readonly string[],
  ): Promise<void>;
  /** A device that is logged in gave a wrong password. */
  onPasswordRefused(caller: Caller): void;
  /** A fault of this program while nobody waited for it. */
  onFault(error: unknown): void;
  /** Something of an account is otherwise for the connections of these devices. */
  onStandingChanged(agentIds: readonly string[]): void;
}
