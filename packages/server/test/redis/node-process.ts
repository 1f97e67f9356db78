/**
 * A node of its own for tests, to be killed: opens a store, reads for a group and says what it holds. Not part of the product.
 *
 *     node node-process.ts URL GROUP PATTERN LEASE_MS
 */
import { RedisStore } from '../../src/store/redis/index.ts';

const [url = '', group = '', pattern = '', leaseMs = ''] = process.argv.slice(2);
const store = new RedisStore({ url, node: 'victim', leaseMs: Number(leaseMs) });
await store.open({ onQueues() {}, onAgentLost() {}, onHealth() {}, onIncident() {} });
const { queueId } = await store.openQueue({ kind: 'group', group, pattern });
const lease = await store.claimAgent('victim', 'main');
const items = await store.read(queueId, { after: 0, limit: 100, bytesMax: 1_000_000 }, lease);
process.stdout.write(`${JSON.stringify(items.flatMap((item) => (item.kind === 'event' ? item.sequence : [])))}\n`);
