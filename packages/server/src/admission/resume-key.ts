/** The key of resume tokens: 32 bytes in `resume.key` of the data directory, made at the first start. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { explained } from '@sealane/node/config';
import { writeFileAtomic } from '@sealane/node/keys';
import { fromBase64, toBase64 } from '@sealane/shared/bytes';
import { SIZES, type Random } from '@sealane/shared/crypto';
import { ConfigError } from '@sealane/shared/errors';

const FILE = 'resume.key';

/** @throws ConfigError `E_KEY_FILE` when the file is damaged. */
export function openResumeKey(directory: string, random: Random): Uint8Array {
  const file = join(directory, FILE);
  if (!existsSync(file)) writeFileAtomic(file, `${toBase64(random(SIZES.aeadKey))}\n`, { exclusive: true });
  const key = fromBase64(readFileSync(file, 'utf8').trim());
  if (key?.length === SIZES.aeadKey) return key;
  throw explained(new ConfigError('E_KEY_FILE', `The key file ${file} is damaged`), {
    next: `Remove ${file}: agents then start new sessions, nothing else is lost.`,
  });
}
