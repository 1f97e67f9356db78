/** Calls into `ts-mls` on bytes of others: whatever they throw on garbage becomes a value. */
import { AssertionFailure, SealaneError } from '@sealane/shared/errors';

/** What a call came to: its value, or what it threw, in words for a log. */
export type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: string };

/** Runs `work`. Our own errors pass through: a full disk is no fault of a message. */
export async function attempt<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    if (error instanceof SealaneError || error instanceof AssertionFailure) throw error;
    return { ok: false, fault: error instanceof Error ? error.message : String(error) };
  }
}
