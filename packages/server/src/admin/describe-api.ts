/** Describes the admin API: the OpenAPI document that a server gives at `/v1/openapi.json`, without one that runs. */
import { silentLogger } from '@sealane/node/log';
import { Server } from '../server/index.ts';
import { Access } from './access.ts';

/** An OpenAPI 3.1 document. */
export async function describeAdminApi(): Promise<object> {
  const [{ createAdminApp }, { Metrics }] = await Promise.all([import('./admin-app.ts'), import('./metrics.ts')]);
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
  const app = await createAdminApp(host, { access, metrics: new Metrics(host, access) });
  try {
    return app.swagger();
  } finally {
    await app.close();
  }
}
