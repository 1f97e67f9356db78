/** Configuration: settings declared once, resolved from flags, environment, `.env`, file and defaults. */
export { parseAddress, showAddress } from './address.ts';
export type { Address } from './address.ts';
export { settingRows, settingsJsonSchema } from './describe.ts';
export type { SettingRow } from './describe.ts';
export { explained, explanationOf } from './explained-error.ts';
export type { Explanation } from './explained-error.ts';
export { dataDirectoryFlag, defaultConfigFile, defaultDataDirectory } from './paths.ts';
export { readTextFile } from './read-text-file.ts';
export { reloadSettings } from './reload.ts';
export type { ReloadResult } from './reload.ts';
export { resolveSettings } from './resolve.ts';
export type { ResolvedSettings, ResolveOptions } from './resolve.ts';
export { camelCase, environmentName, environmentPrefix, setting } from './setting.ts';
export type { Application, CamelCase, Declarations, DefaultContext, Setting, SettingValues } from './setting.ts';
export type { Origin } from './setting-source.ts';
export {
  address,
  byteCount,
  durationMs,
  fingerprint,
  host,
  integer,
  oneOf,
  path,
  port,
  privateText,
  text,
  toggle,
} from './setting-type.ts';
export type { SettingType } from './setting-type.ts';
export { suggest } from './suggest.ts';
