/** Settings that several commands share. */
import { defaultDataDirectory, path, setting, text } from '@sealane/node/config';

export const dataDirectorySettings = {
  'data-dir': setting(path(), { help: 'Directory of keys and data.', default: defaultDataDirectory }),
};

/** For commands that open the key itself. */
export const identitySettings = {
  ...dataDirectorySettings,
  passphrase: setting(text(), { help: 'Passphrase of the key file.', secret: true }),
};
