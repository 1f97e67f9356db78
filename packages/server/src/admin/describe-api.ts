/** Describes the admin API: the OpenAPI document that a server gives at `/v1/openapi.json`, without one that runs. */
import { silentLogger } from '@sealane/node/log';
import { Server } from '../server/index.ts';
import { Access } from './access.ts';

/** An OpenAPI 3.1 document. */
export async function describeAdminApi(): Promise<object> {
  const { describeAdminApp } = await import('./admin-app.ts');
  const nothing = (): void => undefined;
  const host = {
    server: new Server({ dataDirectory: '' }),
    dataDirectory: '',
    audit: { note: nothing },
    log: silentLogger,
    wallClock: Date.now,
    backup: () => Promise.resolve(),
    beginDrain: nothing,
  };
  const access = new Access({ token: '', now: () => 0, onRefused: nothing });
  return await describeAdminApp(host, access);
}
