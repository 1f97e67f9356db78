/** All planted bugs. */
import type { PlantedBug } from '../planted-bug.ts';
import { ADMISSION_BUGS } from './admission-bugs.ts';
import { DELIVERY_BUGS } from './delivery-bugs.ts';
import { IDENTITY_BUGS } from './identity-bugs.ts';
import { MESSAGING_BUGS } from './messaging-bugs.ts';
import { RELAY_BUGS } from './relay-bugs.ts';
import { STORE_BUGS } from './store-bugs.ts';
import { WIRE_BUGS } from './wire-bugs.ts';

export const BUGS: readonly PlantedBug[] = [
  ...WIRE_BUGS,
  ...ADMISSION_BUGS,
  ...STORE_BUGS,
  ...DELIVERY_BUGS,
  ...RELAY_BUGS,
  ...IDENTITY_BUGS,
  ...MESSAGING_BUGS,
];
