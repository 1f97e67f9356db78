/**
 * Remembers a few short texts, because a connection sends the same names and content types over and over: a text met
 * before costs one comparison instead of a call of the decoder, and its string is shared.
 *
 * Only ASCII of up to 32 bytes is kept, in 16 places that overwrite each other: the memory is bounded, and what a
 * peer puts there is seen by the same reader only.
 */

const PLACES = 16;
const TEXT_BYTES_MAX = 32;

/** A table of texts, found by their bytes. */
export class TextCache {
  #texts: (string | undefined)[] | undefined;

  /** The text whose bytes stand at `start`, or undefined when it is not here. */
  find(bytes: Uint8Array, start: number, size: number): string | undefined {
    const texts = this.#texts;
    if (texts === undefined || size === 0 || size > TEXT_BYTES_MAX) return undefined;
    const text = texts[placeOf(size, bytes[start]!, bytes[start + size - 1]!)];
    if (text === undefined || text.length !== size) return undefined;
    for (let index = 0; index < size; index++) {
      if (text.charCodeAt(index) !== bytes[start + index]) return undefined;
    }
    return text;
  }

  /** Keeps a text of `size` bytes where it is short and ASCII: then each unit is one byte. */
  keep(text: string, size: number): void {
    if (size === 0 || size > TEXT_BYTES_MAX || text.length !== size) return;
    this.#texts ??= new Array<string | undefined>(PLACES).fill(undefined);
    this.#texts[placeOf(size, text.charCodeAt(0), text.charCodeAt(size - 1))] = text;
  }
}

function placeOf(size: number, first: number, last: number): number {
  return (size * 7 + first * 3 + last) & (PLACES - 1);
}
