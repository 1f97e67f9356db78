import { describe, expect, it } from '@jest/globals';
import { RecentMap } from './recent-map.ts';

describe('RecentMap', () => {
  it('keeps what was used last', () => {
    const map = new RecentMap<number>(2);
    map.set('one', 1);
    map.set('two', 2);
    map.get('one');
    map.set('three', 3);
    expect(['one', 'two', 'three'].map((key) => map.get(key))).toEqual([1, undefined, 3]);
  });

  it('keeps no more than may weigh together, and the newest whatever it weighs', () => {
    const map = new RecentMap<number>(9, { weightMax: 10, weigh: (value) => value });
    map.set('one', 4);
    map.set('two', 4);
    map.set('two', 5);
    map.set('three', 3);
    expect(['one', 'two', 'three'].map((key) => map.get(key))).toEqual([undefined, 5, 3]);
    map.delete('two');
    map.set('four', 7);
    expect(['three', 'four'].map((key) => map.get(key))).toEqual([3, 7]);
    map.set('huge', 99);
    expect(['three', 'four', 'huge'].map((key) => map.get(key))).toEqual([undefined, undefined, 99]);
  });
});
