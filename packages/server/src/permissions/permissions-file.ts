/** The permissions file: JSON, read whole and checked whole, so that a wrong one changes nothing. */
import * as z from 'zod/mini';
import { explained, readTextFile } from '@sealane/node/config';
import { escapeText } from '@sealane/shared/bytes';
import { ConfigError } from '@sealane/shared/errors';
import { PATTERN_CHARACTERS_MAX, parsePattern } from './pattern.ts';
import { Permissions } from './permissions.ts';

const FILE_BYTES_MAX = 1_048_576;
const RULES_MAX = 1_000;
const PATTERNS_MAX = 1_000;

const pattern = z.string().check(
  z.maxLength(PATTERN_CHARACTERS_MAX),
  z.refine((text) => parsePattern(text) !== undefined, 'is no pattern'),
);
const patterns = z.array(pattern).check(z.maxLength(PATTERNS_MAX));
const patternsByAction = z.strictObject({
  publish: z.optional(patterns),
  subscribe: z.optional(patterns),
  request: z.optional(patterns),
});
const schema = z.strictObject({
  version: z.literal(1),
  rules: z
    .array(
      z.strictObject({
        agents: patterns.check(z.minLength(1)),
        allow: z.optional(patternsByAction),
        deny: z.optional(patternsByAction),
      }),
    )
    .check(z.maxLength(RULES_MAX)),
});

/**
 * Reads a permissions file.
 *
 * @example
 * { "version": 1, "rules": [ { "agents": ["sensor-*"], "allow": { "request": ["report"] }, "deny": { "publish": [">"] } } ] }
 *
 * @throws ConfigError `E_CONFIG` with the place that is wrong.
 */
export function readPermissionsFile(file: string): Permissions {
  const text = readTextFile(file, { bytesMax: FILE_BYTES_MAX, missing: 'error' }) ?? '';
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw wrong(file, 'it is not valid JSON');
  }
  const result = z.safeParse(schema, content);
  if (result.success) return new Permissions(result.data.rules);
  const issue = result.error.issues[0];
  const place = issue === undefined || issue.path.length === 0 ? 'the whole' : `"${issue.path.join('.')}"`;
  const keys = issue?.code === 'unrecognized_keys' ? `: unknown key "${issue.keys.join('", "')}"` : '';
  throw wrong(file, escapeText(`${place} is wrong${keys}`));
}

function wrong(file: string, why: string): ConfigError {
  return explained(new ConfigError('E_CONFIG', `The permissions file ${file} cannot be used: ${why}`), {
    next: `Correct ${file}; expected {"version":1,"rules":[{"agents":["*"],"allow":{…},"deny":{…}}]}.`,
  });
}
