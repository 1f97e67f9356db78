/** Who makes a call: the agent at the other end of a connection, and the account that it is logged in to. */
import { equalBytes } from '@sealane/shared/bytes';
import { deviceOf, type AccountState } from '@sealane/shared/accounts';

/** What the connection has proved. */
export interface Caller {
  readonly agentId: string;
  /** X25519 static key, 32 bytes. */
  readonly agentKey: Uint8Array;
  /** What limits by address go by. */
  readonly addressKey: string;
  readonly isLoopback: boolean;
}

/** The account of a caller that is logged in. */
export interface Standing {
  /** 32 bytes. */
  readonly accountId: Uint8Array;
  readonly username: string;
  /** Whether the log of the account lists the device, with the key that the connection has proved. */
  readonly isListed: boolean;
}

/** Whether the log lists the device, with the key that its connection has proved. */
export function isListedIn(state: AccountState, { agentId, agentKey }: Pick<Caller, 'agentId' | 'agentKey'>): boolean {
  const device = deviceOf(state, agentId);
  return device !== undefined && device.revoked === undefined && equalBytes(device.transportKey, agentKey);
}
