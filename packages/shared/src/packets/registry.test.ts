import { expect, it } from '@jest/globals';
import { registryFaults, type RegisteredPacket } from './registry.ts';
import { RELEASED_PACKET_IDS } from './released.ts';
import { CLEAR_PACKET_SPECS, PACKET_SPECS } from './specs/index.ts';

const specs: readonly RegisteredPacket[] = [...CLEAR_PACKET_SPECS, ...PACKET_SPECS];

it('the specs are those that were released', () => {
  expect(registryFaults(specs)).toEqual([]);
});

it('refuses an id that two packets share', () => {
  expect(registryFaults([...specs, { id: 0x20, name: 'Other', since: 1 }])).toEqual([
    'id 32 is used by Request and by Other',
  ]);
});

it('refuses a new id in a version that is released', () => {
  expect(registryFaults([...specs, { id: 0x2f, name: 'Late', since: 1 }])).toEqual([
    'id 47 of Late is not in version 1',
  ]);
});

it('refuses that a released packet disappears', () => {
  expect(registryFaults(specs.filter(({ id }) => id !== 0x22))).toEqual([
    'id 34 of version 1 has no spec and is not retired',
    'id 34 of version 2 has no spec and is not retired',
    'id 34 of version 3 has no spec and is not retired',
  ]);
});

it('lets a released packet retire, and refuses its id afterwards', () => {
  const released = { versions: { 1: [0x20, 0x22] }, retired: [{ id: 0x22 }] };
  const request = { id: 0x20, name: 'Request', since: 1 };
  expect(registryFaults([request], released)).toEqual([]);
  expect(registryFaults([request, { id: 0x22, name: 'Again', since: 1 }], released)).toEqual([
    'id 34 of Again is retired',
  ]);
});

it('a later version has everything that an earlier one has', () => {
  const versions = Object.values(RELEASED_PACKET_IDS);
  for (const [index, ids] of versions.entries())
    expect(ids).toEqual(expect.arrayContaining([...(versions[index - 1] ?? [])]));
});

it('refuses an id outside the ranges', () => {
  expect(registryFaults([...specs, { id: 0x60, name: 'Far', since: 1 }])).toContain('id 96 of Far is in no range');
});
