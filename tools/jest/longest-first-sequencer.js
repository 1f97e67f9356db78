// Order of the test files. Jest knows durations only of files that it ran on this machine, long-tests.json (seconds) those of all
// that are long. Long ones first, so that none of them begins when the rest is over; and beside those that keep a core busy always
// one of those that mostly wait, as long as there are some: side by side these would leave the cores idle.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import Sequencer from '@jest/test-sequencer';

const root = new URL('../..', import.meta.url).pathname;
const longTests = JSON.parse(readFileSync(new URL('long-tests.json', import.meta.url), 'utf8'));
/** What a file takes that is not listed. */
const SHORT_SECONDS = 1.5;

/** Of `tests` those that `list` names, the longest first. */
const listed = (tests, list) => {
  const named = tests.map((test) => ({ test, seconds: list[relative(root, test.path)] ?? 0 }));
  return named.filter(({ seconds }) => seconds > 0).sort((one, other) => other.seconds - one.seconds);
};

/** The order in which `workers` of which one waits take the tests, each the next when it has finished one. */
const plan = (busy, waiting, workers) => {
  const order = [];
  const running = [];
  for (const left = { busy: [...busy], waiting: [...waiting] }; left.busy.length + left.waiting.length > 0;) {
    const now = running.length < workers ? 0 : Math.min(...running.map(({ end }) => end));
    if (running.length === workers)
      running.splice(
        running.findIndex(({ end }) => end === now),
        1,
      );
    const hasPlaceToWait = running.length >= workers - 1 && !running.some(({ waits }) => waits);
    const waits = left.busy.length === 0 || (left.waiting.length > 0 && hasPlaceToWait);
    const { test, seconds } = (waits ? left.waiting : left.busy).shift();
    running.push({ waits, end: now + seconds });
    order.push(test);
  }
  return order;
};

export default class LongestFirstSequencer extends Sequencer {
  constructor(options) {
    super(options);
    this.workers = options.globalConfig.maxWorkers;
  }

  sort(tests) {
    const waiting = listed(tests, longTests.waiting);
    const busy = listed(tests, longTests.busy);
    const long = new Set([...waiting, ...busy].map(({ test }) => test));
    const short = super.sort(tests.filter((test) => !long.has(test))).map((test) => ({ test, seconds: SHORT_SECONDS }));
    return plan([...busy, ...short], waiting, this.workers);
  }
}
