/** Names of accounts: the one rule for servers, agents and web clients. */
import { USERNAME_BYTES_MAX } from '../packets/index.ts';

/** Why a text is not a username. */
export type UsernameFault = 'length' | 'characters' | 'reserved';

/** Characters of the shortest name: two-letter names are too easily mistaken for each other. */
export const USERNAME_CHARS_MIN = 3;

/** What a username may be, for messages. */
export const USERNAME_RULE = `${USERNAME_CHARS_MIN} to ${USERNAME_BYTES_MAX} of a to z, digits, _ and -, not beginning with -`;

// No leading `-`: on a command line it would be read as a flag.
const CHARACTERS = /^[a-z0-9_][a-z0-9_-]*$/;

/** Names that a person could take for the server, its operator or a function of a program. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['admin', 'administrator', 'root', 'system', 'server', 'operator', 'moderator', 'staff', 'support', 'help'],
  ...['security', 'abuse', 'postmaster', 'hostmaster', 'webmaster', 'sealane', 'official', 'service', 'daemon'],
  ...['api', 'www', 'mail', 'login', 'logout', 'register', 'account', 'accounts', 'settings', 'users', 'groups'],
  ...['all', 'everyone', 'everybody', 'here', 'channel', 'nobody', 'anonymous', 'unknown', 'deleted', 'you', 'self'],
  ...['null', 'undefined', 'none', 'true', 'false'],
]);

/**
 * Checks a name against `USERNAME_RULE` and the reserved names. Give it a folded name: capitals are refused.
 *
 * @returns why it is no username, or undefined for a good one.
 */
export function usernameFault(name: string): UsernameFault | undefined {
  if (name.length < USERNAME_CHARS_MIN || name.length > USERNAME_BYTES_MAX) return 'length';
  if (!CHARACTERS.test(name)) return 'characters';
  return RESERVED.has(name) ? 'reserved' : undefined;
}

/** A name as a person typed it in the one case that names have. Letters beyond ASCII stay, and are refused later. */
export function foldUsername(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
