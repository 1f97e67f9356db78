/** Who acts and who is named: devices that the log of an account lists, as the services of messaging see them. */

/** A device that acts: its connection is logged in, and it is listed. */
export interface ActingDevice {
  readonly agentId: string;
  /** SHA-256 of the genesis of its account. */
  readonly accountId: Uint8Array;
}

/** The devices that are listed now. */
export interface ListedDevices {
  /** The account that lists the device; undefined where none does. */
  accountOf(agentId: string): Promise<Uint8Array | undefined>;
  /** The devices of an account, in the order of its log; undefined where there is no such account. */
  devicesOf(username: string): Promise<readonly string[] | undefined>;
}

/** Time as the services take it from outside. */
export interface ServiceEnvironment {
  /** Monotonic ms, for intervals. */
  readonly now: () => number;
  /** Wall clock ms, for expiry and display. */
  readonly wallClock: () => number;
  readonly schedule: (delayMs: number, run: () => void) => { cancel(): void };
}
