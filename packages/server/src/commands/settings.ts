/** Settings that several commands share. */
import { defaultDataDirectory, oneOf, path, setting, text } from '@sealane/node/config';
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
