import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ServerProcess, runServerCommand } from '../server-process.ts';
import { TestAgent, outcome } from '../test-agent.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

jest.setTimeout(60_000);

let directory: string;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** One request without a library, so that every byte of the answer is seen. */
function ask(port: number, path: string, token: string, body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const method = body === undefined ? 'GET' : 'POST';
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(text));
    });
    outgoing.on('error', reject).end(body);
  });
}

describe('secrets', () => {
  it('A12, 2.0.18: no payload, key or token in logs, metrics, audit lines, errors, lists and arguments', async () => {
    const data = join(directory, 'data');
    const server = await ServerProcess.start(['--data-dir', data, '--log-level', 'debug', '--enrolment', 'token']);
    const port = server.adminPort ?? 0;
    const token = readFileSync(join(data, 'admin-token'), 'utf8').trim();
    const enrolment = (await runServerCommand(['enrol', '--data-dir', data])).stdout.trim();
    const wrongToken = 'canary-wrong-token';
    const payload = 'canary-payload-7f3a';
    const seen: string[] = [];
    const agent = await TestAgent.open({ port: server.port, agentId: 'carrier', token: enrolment });
    await outcome({ port: server.port, agentId: 'thief', token: enrolment });
    const event = JSON.stringify({ to: 'agent:carrier', payload, id: 'canary' });
    for (const text of [event, event.replace('7f3a', '9999'), event.replace('carrier', 'nobody'), `${event}x`])
      seen.push(await ask(port, '/v1/events', token, text));
    for (const path of ['/metrics', '/v1/events', '/v1/agents', '/v1/dlq', '/v1/usage', '/v1/status', '/readyz'])
      seen.push(await ask(port, path, token));
    seen.push(await ask(port, '/v1/status', wrongToken));
    seen.push(
      (await runServerCommand(['publish', '--data-dir', data, '--to', 'agent:carrier', '--payload', payload])).stderr,
    );
    seen.push(readFileSync(`/proc/${String(server.child.pid)}/cmdline`, 'utf8'));
    await agent.close();
    const { stdout, stderr } = await server.end();
    seen.push(stdout, stderr);
    for (const name of readdirSync(data).filter((each) => /^audit/.test(each)))
      seen.push(readFileSync(join(data, name), 'utf8'));
    const all = seen.join('\n');
    expect(all).toContain('agent-refused');
    const key = readFileSync(join(data, 'identity.key'), 'utf8');
    const { seed } = JSON.parse(key) as { readonly seed: string };
    expect(seed.length).toBeGreaterThan(40);
    const secrets = { payload: 'canary-payload', token, wrongToken, enrolment, start: enrolment.slice(0, 24), seed };
    expect(Object.entries(secrets).filter(([, secret]) => all.includes(secret))).toEqual([]);
  });
});
