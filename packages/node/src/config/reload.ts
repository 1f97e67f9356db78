/** New values for a running process, all or nothing: a wrong one leaves every old value in place (fault O2). */
import { isDeepStrictEqual } from 'node:util';
import { ConfigError } from '@sealane/shared/errors';
import { resolveSettings, type ResolvedSettings, type ResolveOptions } from './resolve.ts';
import { camelCase, type Declarations } from './setting.ts';

/** What a reload came to. */
export type ReloadResult<D extends Declarations> =
  | {
      readonly reloaded: true;
      readonly settings: ResolvedSettings<D>;
      /** Names whose new value is in `settings`. */
      readonly changed: readonly string[];
      /** Names that changed but need a restart; `settings` has their old value. */
      readonly needRestart: readonly string[];
    }
  | { readonly reloaded: false; readonly error: ConfigError };

/** Resolves again. Settings that are not reloadable keep their old value. */
export function reloadSettings<const D extends Declarations>(
  declarations: D,
  current: ResolvedSettings<D>,
  options: ResolveOptions,
): ReloadResult<D> {
  let next: ResolvedSettings<D>;
  try {
    next = resolveSettings(declarations, options);
  } catch (error) {
    if (error instanceof ConfigError) return { reloaded: false, error };
    throw error;
  }
  return { reloaded: true, ...merge(declarations, current, next) };
}

function merge<D extends Declarations>(declarations: D, current: ResolvedSettings<D>, next: ResolvedSettings<D>) {
  const values = { ...next.values } as Record<string, unknown>;
  const origins = { ...next.origins } as ResolvedSettings<D>['origins'] & Record<string, unknown>;
  const old = current.values as Record<string, unknown>;
  const changed: string[] = [];
  const needRestart: string[] = [];
  for (const [name, { reloadable }] of Object.entries(declarations)) {
    const key = camelCase(name);
    if (isDeepStrictEqual(values[key], old[key])) continue;
    (reloadable ? changed : needRestart).push(name);
    if (reloadable) continue;
    values[key] = old[key];
    Object.assign(origins, { [name]: current.origins[name] });
  }
  return { settings: { values: values as ResolvedSettings<D>['values'], origins }, changed, needRestart };
}
