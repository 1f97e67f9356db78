/** Problem: an error as the admin API tells it (RFC 9457), made from an error of any kind and never with a stack. */
import { explanationOf } from '@sealane/node/config';
import { ERRORS, SealaneError, type ErrorCode } from '@sealane/shared/errors';

/** The media type of a problem. */
export const PROBLEM_TYPE = 'application/problem+json';

/** The members of a problem. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** What to do next. */
  readonly next: string;
}

/** Statuses of codes that a caller may meet; others are a fault of the server. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  E_ADMIN_TOKEN: 401,
  E_BAD_REQUEST: 400,
  E_BAD_TOPIC: 400,
  E_USAGE: 400,
  E_FORBIDDEN: 403,
  E_UNKNOWN_ADDRESS: 404,
  E_UNKNOWN_AGENT: 404,
  E_DEAD_LETTER_NOT_FOUND: 404,
  E_NOT_CONNECTED: 404,
  E_CONFIG: 409,
  E_EVENT_CONFLICT: 409,
  E_EVENT_TOO_LARGE: 413,
  E_TOO_LARGE: 413,
  E_RATE_LIMITED: 429,
  E_QUEUE_FULL: 503,
  E_STORE_FULL: 503,
  E_STORE_UNAVAILABLE: 503,
  E_DRAINING: 503,
  E_BUSY: 503,
  E_STORAGE: 500,
};
const DETAIL_CHARACTERS_MAX = 512;
const RETRY_SECONDS_DEFAULT = 1;

/** An answer other than the one asked for. */
export class Problem extends Error {
  readonly status: number;
  readonly code: ErrorCode;
  /** Seconds; undefined where trying again is of no use. */
  readonly retryAfterSeconds: number | undefined;
  readonly #next: string | undefined;

  constructor(
    code: ErrorCode,
    options: {
      readonly status?: number | undefined;
      readonly detail?: string | undefined;
      readonly retryAfterMs?: number | undefined;
      /** What to do, where it is not what the code says. */
      readonly next?: string | undefined;
    } = {},
  ) {
    super(options.detail ?? ERRORS[code].means);
    this.name = 'Problem';
    this.code = code;
    this.#next = options.next;
    this.status = options.status ?? STATUSES[code] ?? 500;
    const { retryAfterMs } = options;
    const mayRetry = this.status === 429 || this.status === 503;
    this.retryAfterSeconds = mayRetry
      ? Math.max(RETRY_SECONDS_DEFAULT, Math.ceil((retryAfterMs ?? 0) / 1_000))
      : undefined;
  }

  get body(): ProblemBody {
    const { means, next: usualNext } = ERRORS[this.code];
    const next = this.#next ?? usualNext;
    return {
      type: `urn:sealane:error:${this.code}`,
      title: means,
      status: this.status,
      code: this.code,
      detail: this.message.slice(0, DETAIL_CHARACTERS_MAX),
      next,
    };
  }
}

/** Any error as a problem; undefined for a fault of ours, of which nobody is told more than that. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof SealaneError) {
    const status = STATUSES[error.code];
    if (status === undefined) return undefined;
    const { next } = explanationOf(error);
    return new Problem(error.code, { detail: error.message, retryAfterMs: error.retryAfterMs, next });
  }
  return httpProblem(error);
}

/** What the HTTP framework found wrong with a request. */
function httpProblem(error: unknown): Problem | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const status = 'statusCode' in error ? Number(error.statusCode) : 500;
  if ('validation' in error && Array.isArray(error.validation))
    return new Problem('E_BAD_REQUEST', { status: 400, detail: validationDetail(error.validation) });
  if (status === 413) return new Problem('E_TOO_LARGE', { status, detail: 'The body is larger than 5 MiB.' });
  if (status === 415) return new Problem('E_BAD_REQUEST', { status, detail: 'Bodies are application/json.' });
  if (status >= 400 && status < 500) {
    const detail = status === 400 ? 'The request is not valid HTTP, or its body is not valid JSON.' : undefined;
    return new Problem('E_BAD_REQUEST', { status, detail });
  }
  return undefined;
}

function validationDetail(issues: readonly unknown[]): string {
  const texts = issues.slice(0, 8).map((issue) => {
    if (typeof issue !== 'object' || issue === null) return 'not valid';
    const path = 'instancePath' in issue ? String(issue.instancePath).replaceAll('/', '.').slice(1) : '';
    const message = 'message' in issue ? String(issue.message) : 'not valid';
    return path === '' ? message : `${path}: ${message}`;
  });
  return texts.join('; ');
}
