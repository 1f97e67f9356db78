import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';

const BROWSER = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
/** Nothing that looks for hosts outside of this machine. */
const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
];
const TIMEOUT_MS = 120_000;

const isThere = existsSync(BROWSER);
if (!isThere) console.warn(`skipped: there is no ${BROWSER}; install Chromium, or name one with CHROMIUM`);

(isThere ? describe : describe.skip)('a browser', () => {
  let folder: string;
  let server: Server;
  const reported = Promise.withResolvers<string>();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sealane-browser-'));
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('page.ts', import.meta.url))],
      ...{ bundle: true, write: false, format: 'esm', platform: 'browser', conditions: ['@sealane/source'] },
    });
    const [script] = outputFiles;
    server = createServer((request, response) => {
      if (request.method === 'POST') void text(request).then(reported.resolve, reported.reject);
      const isScript = request.url === '/page.js';
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
      response.end(isScript ? script?.text : '<!doctype html><script type="module" src="/page.js"></script>');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    rmSync(folder, { recursive: true, force: true, maxRetries: 9 });
  });

  it(
    'D5: makes a group, seals and opens, over WebCrypto, with its rows in IndexedDB',
    async () => {
      const { port } = server.address() as AddressInfo;
      const page = `http://127.0.0.1:${port}/`;
      const browser = spawn(BROWSER, [...FLAGS, `--user-data-dir=${folder}`, page], { stdio: 'ignore' });
      const ended = once(browser, 'exit');
      void ended.then(([code]) => reported.reject(new Error(`the browser ended with ${String(code)}`)));
      try {
        expect(await reported.promise).toBe(JSON.stringify({ classical: true, hybrid: true }));
      } finally {
        browser.kill();
        await ended;
      }
    },
    TIMEOUT_MS,
  );
});
