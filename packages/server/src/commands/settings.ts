/** Settings that several commands share. */
import { defaultDataDirectory, oneOf, path, setting, text, type SettingValues } from '@sealane/node/config';
import { idlePassphrase } from '@sealane/node/keys';
import { LOG_LEVEL_SETTINGS } from '@sealane/node/log';

export const dataDirectorySettings = {
  'data-dir': setting(path(), { help: 'Directory of keys and data.', default: defaultDataDirectory }),
};

/** For commands that open the key itself. */
export const identitySettings = {
  ...dataDirectorySettings,
  passphrase: setting(text(), { help: 'Passphrase of the key file.', secret: true }),
};

/** What a reload reads again beside the settings of `serve`. */
export const logSettings = {
  'log-level': setting(oneOf(LOG_LEVEL_SETTINGS), { help: 'How much is logged.', default: 'info', reloadable: true }),
};

/** Warns where a passphrase is given for a key that none protects. */
export function warnOfIdlePassphrase(
  { dataDir, passphrase }: SettingValues<typeof identitySettings>,
  warn: (text: string) => void,
): void {
  const warning = idlePassphrase(dataDir, { kind: 'server', passphrase });
  if (warning !== undefined) warn(warning);
}
