/**
 * Whether a value is an error of any realm: system errors come from another one than code in a vm context (the tests).
 * `Error.isError` would do, but is not in the language edition that this workspace compiles for.
 */
export function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}
