/** The admin port of a server process, for tests. Not part of the product. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerProcess } from '../server-process.ts';

export interface AdminApi {
  /** A page of a list. @throws Error for any other answer than 200. */
  get(path: string): Promise<{ readonly items: readonly unknown[] }>;
  /** Values by name; of a metric with labels, their sum. */
  metrics(): Promise<ReadonlyMap<string, number>>;
  /** Status and reasons of `/readyz`. */
  ready(): Promise<{ readonly status: number; readonly body: unknown }>;
}

export function adminApi(server: ServerProcess, dataDirectory: string): AdminApi {
  const base = `http://127.0.0.1:${server.adminPort ?? 0}`;
  return {
    async get(path) {
      const token = readFileSync(join(dataDirectory, 'admin-token'), 'utf8').trim();
      const response = await fetch(`${base}${path}`, { headers: { authorization: `Bearer ${token}` } });
      if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
      return (await response.json()) as { readonly items: readonly unknown[] };
    },
    async metrics() {
      const text = await (await fetch(`${base}/metrics`)).text();
      const values = new Map<string, number>();
      for (const [, name = '', value] of text.matchAll(/^(\w+)(?:\{[^}]*\})? ([\d.eE+-]+)$/gm))
        values.set(name, (values.get(name) ?? 0) + Number(value));
      return values;
    },
    async ready() {
      const response = await fetch(`${base}/readyz`);
      return { status: response.status, body: await response.json() };
    },
  };
}
