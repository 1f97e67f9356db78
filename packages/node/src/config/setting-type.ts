/**
 * Types of settings: each reads the text of a flag or variable and the JSON of a configuration file alike, and says in
 * one phrase what it expects. Not the declarations of settings: those are the programs'.
 */
import { isIPv6 } from 'node:net';
import * as z from 'zod/mini';
import { parseAddress, showAddress, type Address } from './address.ts';
import { parseByteCount, parseDurationMs } from './quantity.ts';

/** One type of setting. */
export interface SettingType<Value> {
  /** Accepts text and the JSON form. */
  readonly schema: z.ZodMiniType<Value>;
  /** What stands for the value in help (`<port>`); undefined for a switch that takes no value. */
  readonly placeholder: string | undefined;
  /** Completes "expected …". */
  readonly expects: string;
  /** All values, where there are few. */
  readonly choices?: readonly string[];
  /** Whether a relative value is a path relative to where it was written. */
  readonly isPath?: boolean;
  /** A wrong value is not repeated: it may hold a password. */
  readonly isPrivate?: boolean;
  /** JSON Schema of the value in a configuration file. */
  readonly jsonSchema: Readonly<Record<string, unknown>>;
  /** How the value is shown to people. */
  show(value: Value): string;
}

/** Any text without NUL, unless told of 1 to 4,096 characters. */
export function text(
  options: { readonly placeholder?: string; readonly minLength?: number; readonly maxLength?: number } = {},
): SettingType<string> {
  const { placeholder = '<text>', minLength = 1, maxLength = 4_096 } = options;
  return {
    schema: z.string().check(z.minLength(minLength), z.maxLength(maxLength), z.regex(/^[^\0]*$/)),
    placeholder,
    expects: `a text of ${minLength} to ${maxLength} characters`,
    jsonSchema: { type: 'string', minLength, maxLength },
    show: String,
  };
}

/** A text of a form; a wrong one is not repeated, since it may hold a password. @param options.expects completes "expected …". */
export function privateText(options: {
  readonly pattern: RegExp;
  readonly expects: string;
  readonly placeholder: string;
}): SettingType<string> {
  const { pattern, expects, placeholder } = options;
  const plain = text({ placeholder });
  return {
    ...plain,
    expects,
    isPrivate: true,
    schema: z.string().check(z.maxLength(4_096), z.regex(/^[^\0]*$/), z.regex(pattern)),
    jsonSchema: { ...plain.jsonSchema, pattern: pattern.source },
  };
}

/** A path of a file or directory; relative ones count from the working directory, in a file from that file. */
export function path(options: { readonly placeholder?: string } = {}): SettingType<string> {
  return { ...text({ placeholder: options.placeholder ?? '<path>' }), expects: 'a path', isPath: true };
}

/** A switch: `--name` and `--no-name`; elsewhere true, false, 1 or 0. */
export function toggle(): SettingType<boolean> {
  return {
    schema: convert(z.boolean(), (raw) => toggleValues.get(raw)),
    placeholder: undefined,
    expects: 'true or false',
    choices: ['true', 'false'],
    jsonSchema: { type: 'boolean' },
    show: String,
  };
}

/** A whole number from `min` to `max`, both included. */
export function integer(options: {
  readonly min: number;
  readonly max: number;
  readonly placeholder?: string;
}): SettingType<number> {
  const { min, max } = options;
  return {
    schema: convert(z.int().check(z.minimum(min), z.maximum(max)), wholeNumber),
    placeholder: options.placeholder ?? '<number>',
    expects: `a whole number from ${min} to ${max}`,
    jsonSchema: { type: 'integer', minimum: min, maximum: max },
    show: String,
  };
}

/** A TCP port, 0 for "any free one". */
export function port(): SettingType<number> {
  return { ...integer({ min: 0, max: 65_535, placeholder: '<port>' }), expects: 'a port from 0 to 65535' };
}

/**
 * A duration; the value is in milliseconds. A plain number counts in `plainUnit`; `ms`, `s`, `m`, `h` and `d` may
 * follow it (`90s`, `1.5h`).
 */
export function durationMs(options: {
  readonly plainUnit: 's' | 'ms';
  readonly minMs?: number;
  readonly maxMs?: number;
}): SettingType<number> {
  const { plainUnit, minMs = 0, maxMs = 10 * 365 * 86_400_000 } = options;
  return {
    schema: convert(z.int().check(z.minimum(minMs), z.maximum(maxMs)), (raw) => parseDurationMs(raw, plainUnit)),
    placeholder: plainUnit === 's' ? '<seconds>' : '<milliseconds>',
    expects: `a duration from ${minMs} ms to ${maxMs} ms, like 30s or 1.5h (a plain number is in ${plainUnit})`,
    jsonSchema: { type: ['number', 'string'] },
    show: (value) => (value % 1_000 === 0 ? `${value / 1_000}s` : `${value}ms`),
  };
}

/** A number of bytes: `65536`, `64KiB`, `10MB`; K, M and G alone are powers of 1,024. */
export function byteCount(options: { readonly min?: number; readonly max?: number } = {}): SettingType<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = options;
  return {
    schema: convert(z.int().check(z.minimum(min), z.maximum(max)), parseByteCount),
    placeholder: '<bytes>',
    expects: `a number of bytes from ${min} to ${max}, like 65536 or 64KiB`,
    jsonSchema: { type: ['integer', 'string'] },
    show: String,
  };
}

/** One of a few words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words): SettingType<Words[number]> {
  return {
    schema: z.enum(words),
    placeholder: `<${words.join('|')}>`,
    expects: `one of ${words.join(', ')}`,
    choices: words,
    jsonSchema: { enum: words },
    show: String,
  };
}

/** A name or address to listen on; an IPv6 address may stand in brackets, the value has none. */
export function host(): SettingType<string> {
  const plain = text({ placeholder: '<address>' });
  return { ...plain, schema: convert(plain.schema, (raw) => unbracketed(raw)) };
}

/** `host:port`, an IPv6 address in brackets; the port may be left out where there is a default. */
export function address(options: { readonly defaultPort?: number } = {}): SettingType<Address> {
  return {
    schema: convert(z.object({ host: z.string(), port: z.int() }), (raw) => parseAddress(raw, options.defaultPort)),
    placeholder: '<host:port>',
    expects: 'host:port with a port from 1 to 65535, an IPv6 address in brackets: [::1]:1337',
    jsonSchema: { type: 'string' },
    show: showAddress,
  };
}

/** The fingerprint of a key: `SHA256:` and 43 characters of base64. */
export function fingerprint(): SettingType<string> {
  return {
    schema: z.string().check(z.regex(/^SHA256:[A-Za-z0-9+/]{43}$/)),
    placeholder: '<fingerprint>',
    expects: 'a fingerprint: SHA256: and 43 characters of base64',
    jsonSchema: { type: 'string', pattern: '^SHA256:[A-Za-z0-9+/]{43}$' },
    show: String,
  };
}

const toggleValues = new Map<unknown, boolean>([
  [true, true],
  [false, false],
  ['true', true],
  ['false', false],
  ['1', true],
  ['0', false],
]);

function unbracketed(raw: unknown): unknown {
  const inner = typeof raw === 'string' ? /^\[(.*)\]$/.exec(raw)?.[1] : undefined;
  return inner !== undefined && isIPv6(inner) ? inner : raw;
}

function wholeNumber(raw: unknown): unknown {
  return typeof raw === 'string' && /^-?\d{1,15}$/.test(raw) ? Number(raw) : raw;
}

/** A schema that first converts text, then checks. */
function convert<Value>(schema: z.ZodMiniType<Value>, converter: (raw: unknown) => unknown): z.ZodMiniType<Value> {
  return z.pipe(z.transform(converter), schema);
}
