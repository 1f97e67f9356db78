/** What every session of a server begins with: its identity, its limits, its build. */
import { version } from '@sealane/node/cli';
import type { ServerSessionSettings } from '@sealane/shared/session';
import type { ServerLimits } from '../config/index.ts';
import type { ServerIdentity } from './data-directory.ts';

export function sessionSettingsOf(
  { keys, successions }: ServerIdentity,
  parts: Pick<ServerSessionSettings, 'environment' | 'suites'> & { readonly limits: ServerLimits },
): ServerSessionSettings {
  const { environment, suites, limits } = parts;
  return {
    ...{ environment, suites, successions },
    identity: keys.static,
    limits: limits.session,
    announced: limits.announced,
    build: `sealane-server/${version}`,
  };
}
