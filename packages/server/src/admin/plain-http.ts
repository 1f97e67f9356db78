/** Requests and answers of the admin port without the HTTP framework, as the primary of several processes hands them on. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { PROBLEM_TYPE, Problem } from './problem.ts';
import type { AdminReply } from './process-questions.ts';

export const ADMIN_BODY_BYTES_MAX = 5 * 1_048_576;

const OWN_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

export function jsonReply(status: number, body: object): AdminReply {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) };
}

export function problemReply(problem: Problem): AdminReply {
  const { status, retryAfterSeconds, body } = problem;
  const headers = {
    'content-type': PROBLEM_TYPE,
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
  };
  return { status, headers, body: JSON.stringify(body) };
}

export function sendReply(request: IncomingMessage, response: ServerResponse, reply: AdminReply): void {
  const headers = { ...OWN_HEADERS, ...reply.headers, 'content-length': Buffer.byteLength(reply.body) };
  response.writeHead(reply.status, headers);
  response.end(request.method === 'HEAD' ? undefined : reply.body);
}

/** The body; undefined for none. @throws Problem for one that is too large. */
export async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const { headers } = request;
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return undefined;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= ADMIN_BODY_BYTES_MAX) chunks.push(chunk);
    // The rest is read and thrown away, so that whoever sends it gets to see the answer.
    else reject(new Problem('E_TOO_LARGE', { status: 413, detail: 'The body is larger than 5 MiB.' }));
  });
  request.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
  request.once('error', reject);
  return await promise;
}

/** Headers with one value each, as most have anyway. */
export function plainHeaders(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const plain = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, typeof value === 'string' ? value : value.join(', ')] as const],
  );
  return Object.fromEntries(plain);
}
