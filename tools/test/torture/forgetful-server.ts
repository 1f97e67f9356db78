/**
 * A planted bug: the server's program, whose store gives a receipt for one event in 200 that it does not store. The torture
 * has to find it.
 */
import { fileURLToPath } from 'node:url';
import { SqliteStore, type NewEvent, type PublishResult, type Store } from '@sealane/server/store';

const FORGOTTEN_IN = 200;
const publish = Reflect.get<object, 'publish'>(SqliteStore.prototype, 'publish') as Store['publish'];
let count = 0;

SqliteStore.prototype.publish = async function (this: Store, events) {
  const forgotten = new Set<NewEvent>();
  for (const event of events) if (++count % FORGOTTEN_IN === 0 && events.length > 1) forgotten.add(event);
  const results = [
    ...(await publish.call(
      this,
      events.filter((event) => !forgotten.has(event)),
    )),
  ];
  const lie = results[0];
  for (const [index, event] of events.entries())
    if (forgotten.has(event) && lie !== undefined) results.splice(index, 0, lie satisfies PublishResult);
  return results;
};

await import(fileURLToPath(new URL('src/main.ts', import.meta.resolve('@sealane/server/package.json'))));
