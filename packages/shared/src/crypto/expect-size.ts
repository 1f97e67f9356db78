/** The one size check of both implementations of the port, so that their messages agree. */

/**
 * Checks the size in bytes of an argument; `name` is what the message calls it.
 *
 * @throws RangeError when `bytes` does not have exactly `size` bytes: a mistake of the caller.
 */
export function expectSize(name: string, bytes: Uint8Array, size: number): void {
  if (bytes.length === size) return;
  throw new RangeError(`"${name}" expected Uint8Array of length ${size}, got length=${bytes.length}`);
}
