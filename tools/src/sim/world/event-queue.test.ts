import { expect, it } from '@jest/globals';
import { Dice } from '@sealane/shared/testing';
import { EventQueue } from './event-queue.ts';

it('what is planned comes in the order of its time, and for one time in the order of planning', () => {
  const dice = new Dice(5);
  const queue = new EventQueue<{ at: number; order: number }>();
  const planned = Array.from({ length: 500 }, (_, order) => ({ at: dice.whole(0, 40), order }));
  for (const each of planned) queue.push(each);
  const taken = planned.map(() => queue.pop());
  expect(taken).toEqual(planned.toSorted((a, b) => a.at - b.at || a.order - b.order));
  expect(queue.pop()).toBeUndefined();
});

it('dice of one name do not depend on how often others were thrown', () => {
  const [one, two] = [new Dice(9), new Dice(9)];
  one.fraction();
  expect(one.fork('network').bytes(8)).toEqual(two.fork('network').bytes(8));
  expect(one.fork('network').bytes(8)).not.toEqual(one.fork('faults').bytes(8));
});
