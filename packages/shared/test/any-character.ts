/** Any character of Unicode, for `fc.string({ unit })`: fast-check's own unit `binary` first makes a table of all 1.1 million. */
import fc from 'fast-check';

const SURROGATE_MIN = 0xd800;
const SURROGATES = 0x800;
const CODE_POINT_MAX = 0x10ffff;

/** Few are ASCII, as few of all characters are. */
export const anyCharacter: fc.Arbitrary<string> = fc
  .nat({ max: CODE_POINT_MAX - SURROGATES })
  .map((index) => String.fromCodePoint(index < SURROGATE_MIN ? index : index + SURROGATES));
