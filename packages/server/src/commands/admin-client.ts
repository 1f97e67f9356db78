/**
 * AdminClient: asks the admin port of the server that runs on a data directory. Port and token are read from there, so
 * whoever may read the directory needs to know neither.
 */
import { request } from 'node:http';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { explained, readTextFile } from '@sealane/node/config';
import { ERRORS, ProtocolError, TransportError, type ErrorCode } from '@sealane/shared/errors';
import { ADMIN_HOST, ADMIN_PORT_FILE, readAdminToken } from '../admin/index.ts';

export type Method = 'GET' | 'POST' | 'DELETE';

/** A page of a list as the API gives it. */
export interface ListPage {
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly next: string | null;
}

/** An answer that is no problem. */
export interface AdminAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const bodySchema = z.record(z.string(), z.unknown());
const pageSchema = z.object({ items: z.array(bodySchema), next: z.nullable(z.string()) });
const problemSchema = z.object({ code: z.string(), detail: z.string(), next: z.string() });

const TIMEOUT_MS = 60_000;
const PAGE_LIMIT = 500;

export class AdminClient {
  readonly #directory: string;
  readonly #port: number;
  readonly #token: string;

  /** @throws TransportError `E_NO_SERVER` where no server with an admin port runs; ConfigError for a bad token file. */
  constructor(directory: string) {
    const file = join(directory, ADMIN_PORT_FILE);
    const port = Number(readTextFile(file, { bytesMax: 64, missing: 'undefined' }));
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw noServer(
        directory,
        `No port stands in ${file}: a server writes it at its start, unless --admin-port is off.`,
      );
    this.#directory = directory;
    this.#port = port;
    this.#token = readAdminToken(directory);
  }

  /** @throws ProtocolError with the code of the problem, TransportError where nobody answers. */
  async ask(method: Method, path: string, body?: unknown): Promise<AdminAnswer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const answer = await this.#send(method, path, text);
    const json = parse(answer.text);
    if (answer.status < 400) return { status: answer.status, body: bodySchema.safeParse(json).data ?? {} };
    const problem = problemSchema.safeParse(json).data;
    if (problem === undefined || !isErrorCode(problem.code))
      throw new TransportError('E_UNREACHABLE', `The admin port answered with status ${answer.status}`);
    const retryAfterMs = Number(answer.retryAfter ?? 0) * 1_000;
    const { code, detail: why } = problem;
    const next =
      code === 'E_ADMIN_TOKEN'
        ? `Restart the server of ${this.#directory}, which has another token now.`
        : problem.next;
    throw explained(new ProtocolError(code, why, retryAfterMs > 0 ? { retryAfterMs } : {}), { why, next });
  }

  /** The items of a list, page by page. */
  async *list(
    path: string,
    query: Readonly<Record<string, string | undefined>> = {},
  ): AsyncGenerator<ListPage['items'][number]> {
    let after: string | undefined;
    do {
      const parameters = new URLSearchParams({ limit: String(PAGE_LIMIT), ...(after !== undefined && { after }) });
      for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, value);
      const page = pageSchema.parse((await this.ask('GET', `${path}?${parameters.toString()}`)).body);
      yield* page.items;
      after = page.next ?? undefined;
    } while (after !== undefined);
  }

  #send(
    method: Method,
    path: string,
    body: string | undefined,
  ): Promise<{ readonly status: number; readonly text: string; readonly retryAfter: string | undefined }> {
    const headers = {
      authorization: `Bearer ${this.#token}`,
      ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    return new Promise((resolve, reject) => {
      const options = { host: ADMIN_HOST, port: this.#port, method, path, headers, agent: false, timeout: TIMEOUT_MS };
      const outgoing = request(options, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text, retryAfter: response.headers['retry-after'] });
        });
      });
      outgoing.on('timeout', () =>
        outgoing.destroy(new TransportError('E_UNREACHABLE', 'The admin port does not answer')),
      );
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        const why = `Nothing listens on port ${this.#port} any more: the server did not end in good order.`;
        reject(error.code === 'ECONNREFUSED' ? noServer(this.#directory, why) : error);
      });
      outgoing.end(body);
    });
  }
}

function noServer(directory: string, why: string): TransportError {
  return explained(new TransportError('E_NO_SERVER', `No server with an admin port runs on ${directory}`), {
    why,
    next: 'Start it with `sealane-server serve`, or name its data directory with --data-dir.',
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}
