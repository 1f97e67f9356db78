/** Describes the admin API: the OpenAPI document that a server gives at `/v1/openapi.json`, without one that runs. */
import { silentLogger } from '@sealane/node/log';
import { Server } from '../server/index.ts';

/** An OpenAPI 3.1 document. */
export async function describeAdminApi(): Promise<object> {
  const { createAdminApp } = await import('./admin-app.ts');
  const nothing = (): void => undefined;
  const app = await createAdminApp(
    {
      server: new Server({ dataDirectory: '' }),
      dataDirectory: '',
      audit: { note: nothing },
      log: silentLogger,
      wallClock: Date.now,
      backup: () => Promise.resolve(),
      beginDrain: nothing,
    },
    { token: '' },
  );
  try {
    return app.swagger();
  } finally {
    await app.close();
  }
}
