/** Limits of accounts and sessions, by preset (rows G2). */
import type { LimitPreset } from '../../config/index.ts';
import type { BucketSize } from '../../limits/index.ts';

export interface AccountLimits {
  /** Logins of one address under one name: nobody locks a name for others. */
  readonly loginsPerName: BucketSize;
  /** Logins of one address, whatever the name. */
  readonly loginsPerAddress: BucketSize;
  /** Accounts that one address makes. */
  readonly registrationsPerAddress: BucketSize;
  /** Statements that one device appends: one that floods hinders no other from revoking it. */
  readonly statementsPerDevice: BucketSize;
  /** Questions to the directory of one device. */
  readonly queriesPerDevice: BucketSize;
}

const STRICT: AccountLimits = {
  // Ten in fifteen minutes.
  loginsPerName: { burst: 10, intervalMs: 90_000 },
  loginsPerAddress: { burst: 50, intervalMs: 18_000 },
  // Three a minute.
  registrationsPerAddress: { burst: 3, intervalMs: 20_000 },
  statementsPerDevice: { burst: 20, intervalMs: 10_000 },
  queriesPerDevice: { burst: 200, intervalMs: 100 },
};

const DEFAULT: AccountLimits = {
  loginsPerName: { burst: 20, intervalMs: 15_000 },
  loginsPerAddress: { burst: 200, intervalMs: 1_000 },
  registrationsPerAddress: { burst: 100, intervalMs: 1_000 },
  statementsPerDevice: { burst: 200, intervalMs: 1_000 },
  queriesPerDevice: { burst: 2_000, intervalMs: 5 },
};

export function accountLimitsOf(preset: LimitPreset): AccountLimits {
  return preset === 'strict' ? STRICT : DEFAULT;
}
