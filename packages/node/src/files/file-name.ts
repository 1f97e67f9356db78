/**
 * Which file names may travel (docs/protocols/files.md §2, fault F3). A name that is not allowed is refused, never
 * changed: the receiver stores exactly what the sender named, on every system, or nothing. No path is touched here.
 */
import { basename } from 'node:path';
import { utf8Encode } from '@sealane/shared/bytes';
import { ProtocolError } from '@sealane/shared/errors';

/** Bytes of a name in UTF-8: what ext4, NTFS and APFS hold. */
export const FILE_NAME_BYTES_MAX = 255;

/** Why a name is refused, one phrase. */
export type FileNameFault = string;

/** Separators of paths, drives and streams, wildcards, and what Windows refuses. */
const RESERVED_CHARACTERS = /[<>:"/\\|?*]/u;
/** Controls, invisible and direction-changing characters, private and unassigned ones. */
const UNSEEN_CHARACTERS = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;
/** Spaces that look like the space and are another. */
const OTHER_SPACES = /(?! )\p{Zs}/u;
/** Names of devices on Windows, whatever extension follows. */
const DEVICE_NAME =
  /^(?:con|prn|aux|nul|com[0-9\xb9\xb2\xb3]|lpt[0-9\xb9\xb2\xb3]|conin\$|conout\$|clock\$)\s*(?:\.|$)/iu;

/**
 * Returns the name as it is.
 *
 * @throws ProtocolError `E_FILE_NAME` when it is not allowed (§2).
 */
export function checkedFileName(name: string): string {
  const fault = fileNameFault(name);
  if (fault !== undefined) throw new ProtocolError('E_FILE_NAME', `The file name ${fault}`);
  return name;
}

/** The name a file is sent under when none is given: the last part of its path, in the composed form of §2.4. */
export function defaultFileName(path: string): string {
  return basename(path).normalize('NFC');
}

/** Why a name is not allowed, or undefined for one that is. */
export function fileNameFault(name: string): FileNameFault | undefined {
  if (name === '') return 'is empty';
  if (!name.isWellFormed()) return 'is not valid Unicode';
  if (utf8Encode(name).length > FILE_NAME_BYTES_MAX) return `is longer than ${FILE_NAME_BYTES_MAX} bytes`;
  if (UNSEEN_CHARACTERS.test(name)) return 'has control or invisible characters';
  if (OTHER_SPACES.test(name)) return 'has a space other than the plain one';
  if (name.normalize('NFC') !== name) return 'is not in Unicode form NFC';
  // Some systems take compatibility forms, such as a full-width slash, for the plain character.
  return shapeFault(name) ?? shapeFault(name.normalize('NFKC'));
}

function shapeFault(name: string): FileNameFault | undefined {
  if (RESERVED_CHARACTERS.test(name)) return 'has one of the characters < > : " / \\ | ? *';
  if (name.startsWith('.')) return 'starts with a dot';
  if (name.startsWith('-')) return 'starts with a hyphen';
  if (name.startsWith(' ') || /[ .]$/u.test(name)) return 'starts or ends with a space, or ends with a dot';
  if (DEVICE_NAME.test(name)) return 'is the name of a device';
  return undefined;
}
