// Order of the test files: those of long-tests.json (seconds) before the others, the longest first, so that none of them begins
// when the rest is over; Jest knows durations only of files that it ran on this machine. Among them those that mostly wait are
// spread over those that keep a core busy: side by side they would leave the cores idle.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import Sequencer from '@jest/test-sequencer';

const root = new URL('../..', import.meta.url).pathname;
const longTests = JSON.parse(readFileSync(new URL('long-tests.json', import.meta.url), 'utf8'));

const pick = (tests, seconds) => {
  const secondsOf = ({ path }) => seconds[relative(root, path)] ?? 0;
  return tests.filter((test) => secondsOf(test) > 0).sort((one, other) => secondsOf(other) - secondsOf(one));
};

/** One of `few` after every so many of `many`, until both are used up. */
const spread = (many, few) => {
  const step = Math.max(1, Math.floor(many.length / (few.length + 1)));
  const result = many.flatMap((test, index) => {
    const next = index % step === 0 ? few[index / step] : undefined;
    return next === undefined ? [test] : [next, test];
  });
  return [...result, ...few.filter((test) => !result.includes(test))];
};

export default class LongestFirstSequencer extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const long = spread(pick(sorted, longTests.busy), pick(sorted, longTests.waiting));
    return [...long, ...sorted.filter((test) => !long.includes(test))];
  }
}
