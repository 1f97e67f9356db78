/** Admin: the HTTP port of operators: health, metrics and the admin API (docs/admin-api.md). */
export { ADMIN_HOST, ADMIN_PORT_FILE, AdminPort } from './admin-port.ts';
export { readAdminToken } from './admin-token.ts';
export { keepAuditTrail } from './audit-trail.ts';
export { describeAdminApi } from './describe-api.ts';
export { loadMemberAdmin, loadsAdmin, loadsAdminOfProcesses } from './load-admin.ts';
export type { AdminHost } from './admin-host.ts';
export type { AdminProcesses, ProcessAnswers, ProcessQuestion } from './process-questions.ts';
export type { ProcessState } from './process-state.ts';
