/** Bugs of requests between nodes. */
import type { PlantedBug } from '../planted-bug.ts';

const relay = (file: string): string => `packages/server/src/handlers/node-relay/${file}`;
const TESTS = [relay('node-relay.test.ts')];

export const RELAY_BUGS: readonly PlantedBug[] = [
  {
    name: 'lost-part-unnoticed',
    breaks: 'an answer between nodes of which a part was lost counts as whole',
    file: relay('asked-nodes.ts'),
    from: 'if (number !== asked.answers)',
    to: 'if (number < 1)',
    tests: TESTS,
  },
  {
    name: 'silent-node-waited-for',
    breaks: 'M7: what was asked at a node that says nothing any more is waited for without end',
    file: relay('asked-nodes.ts'),
    from: 'if (asked.silentLooks >= SILENT_LOOKS_MAX) {',
    to: 'if (asked.silentLooks > 1_000 * SILENT_LOOKS_MAX) {',
    tests: TESTS,
  },
  {
    name: 'relays-of-a-node-unbounded',
    breaks: 'B13: one node may have any number of requests at work at another',
    file: relay('served-nodes.ts'),
    from: 'if (requests >= requestsMax || bytes + body.length > bytesMax)',
    to: 'if (bytes + body.length > 1_000 * bytesMax + requests + requestsMax)',
    tests: TESTS,
  },
  {
    name: 'whole-time-passed-on',
    breaks: 'an agent at another node has more time than its asker',
    file: relay('node-relay.ts'),
    from: 'timeoutMs: timeoutMs > 0 ? leftMs : 0',
    to: 'timeoutMs: timeoutMs > 0 ? timeoutMs : 0',
    tests: TESTS,
  },
  {
    name: 'unwanted-work-goes-on',
    breaks: 'a cancel between nodes that got lost leaves its work for ever',
    file: relay('served-nodes.ts'),
    from: 'if (!wanted.has(served.requestId)) this.#giveUp(served);',
    to: 'if (!wanted.has(served.requestId) && wanted.size > 1_000) this.#giveUp(served);',
    tests: TESTS,
  },
];
