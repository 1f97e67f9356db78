// Order of the test files: those of long-tests.json (seconds) first, the longest before the others, so that none of them
// begins when the rest is over; Jest knows durations only of files that it ran on this machine.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import Sequencer from '@jest/test-sequencer';

const root = new URL('../..', import.meta.url).pathname;
const longTests = JSON.parse(readFileSync(new URL('long-tests.json', import.meta.url), 'utf8'));
const secondsOf = ({ path }) => longTests[relative(root, path)] ?? 0;

export default class LongestFirstSequencer extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((one, other) => secondsOf(other) - secondsOf(one));
  }
}
