/**
 * Access: the one decision about who may use which route of the admin port. Every route names its rule; a route without one
 * cannot be registered, and what is not decided is refused (fault A8).
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isSameToken } from './admin-token.ts';
import { Problem } from './problem.ts';

/** Who may use a route: anybody who reaches the port, or who has the admin token. */
export const ACCESS_RULES = ['anybody', 'operator'] as const;
export type AccessRule = (typeof ACCESS_RULES)[number];

/** What is asked of the request. */
export interface AccessRequest {
  /** The rule of the route; undefined where there is none. */
  readonly rule: AccessRule | undefined;
  readonly headers: IncomingHttpHeaders;
}

interface AccessOptions {
  readonly token: string;
  /** Monotonic ms. */
  readonly now: () => number;
  /** A wrong token came; called at most `REFUSALS_MAX` times within a window. */
  readonly onRefused: () => void;
}

/** The rule of what no route answers: what lies under /v1 is nobody's to explore without the token. */
export function ruleOfUrl(url: string): AccessRule {
  return /^\/(v1$|v1\/|v1\?)/.test(url) ? 'operator' : 'anybody';
}

/** Names under which a browser or a program on this machine reaches the port; others are DNS rebinding. */
const OWN_HOST = /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i;
/** So many wrong tokens within the window, and the others are told to wait; the right one is taken all the same. */
const REFUSALS_MAX = 10;
const REFUSAL_WINDOW_MS = 60_000;

export class Access {
  /** Wrong and missing tokens since the start. */
  refused = 0;
  /** Those of them that were told to wait. */
  limited = 0;
  readonly #options: AccessOptions;
  #windowStartedAt = 0;
  #refusedInWindow = 0;

  constructor(options: AccessOptions) {
    this.#options = options;
    this.#windowStartedAt = options.now();
  }

  /** @throws Problem where it is refused. */
  check({ rule, headers }: AccessRequest): void {
    if (!OWN_HOST.test(headers.host ?? '') || headers.origin !== undefined)
      throw new Problem('E_FORBIDDEN', {
        detail: 'The admin port is for programs on this machine, not for web pages.',
      });
    if (rule === 'anybody') return;
    if (rule !== 'operator') throw new Problem('E_FORBIDDEN', { detail: 'This route has no rule.' });
    const given = /^Bearer ([^\s,]{1,256})$/i.exec(headers.authorization ?? '')?.[1];
    if (given !== undefined && isSameToken(given, this.#options.token)) return;
    throw this.#refuse();
  }

  #refuse(): Problem {
    this.refused += 1;
    const { now, onRefused } = this.#options;
    if (now() - this.#windowStartedAt >= REFUSAL_WINDOW_MS) {
      this.#windowStartedAt = now();
      this.#refusedInWindow = 0;
    }
    this.#refusedInWindow += 1;
    if (this.#refusedInWindow > REFUSALS_MAX) {
      this.limited += 1;
      return new Problem('E_RATE_LIMITED', { retryAfterMs: this.#windowStartedAt + REFUSAL_WINDOW_MS - now() });
    }
    onRefused();
    return new Problem('E_ADMIN_TOKEN');
  }
}
