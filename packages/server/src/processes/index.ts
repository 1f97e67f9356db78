/** Processes: several server processes behind one port of one machine, each a node of its own. */
export { Member } from './member.ts';
export { Primary } from './primary.ts';
