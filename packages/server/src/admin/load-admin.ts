/** Loads what answers at the admin port, when it is needed: the HTTP framework takes longer to load than all the rest. */
import type { AdminHost } from './admin-host.ts';
import type { AdminPortHost } from './admin-port.ts';
import type { MemberAdmin } from './member-admin.ts';
import type { ProcessesHost } from './admin-of-processes.ts';
import { ServerAdmin } from './server-admin.ts';

/** For a server of one process. */
export function loadsAdmin(host: AdminHost): AdminPortHost['load'] {
  return (token) => Promise.resolve(new ServerAdmin(host, token));
}

/** For the primary of several processes. */
export function loadsAdminOfProcesses(host: ProcessesHost): AdminPortHost['load'] {
  return async (token) => {
    const { AdminOfProcesses } = await import('./admin-of-processes.ts');
    return new AdminOfProcesses(host, token);
  };
}

/** For one of several processes. */
export async function loadMemberAdmin(host: AdminHost, token: string): Promise<MemberAdmin> {
  const { MemberAdmin: Loaded } = await import('./member-admin.ts');
  return await Loaded.load(host, token);
}
