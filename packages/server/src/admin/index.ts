/** Admin: the HTTP port of operators: health, metrics and the admin API (docs/admin-api.md). */
export { ADMIN_HOST, ADMIN_PORT_FILE, AdminPort } from './admin-port.ts';
export { describeAdminApi } from './describe-api.ts';
export { keepAuditTrail } from './audit-trail.ts';
export { readAdminToken } from './admin-token.ts';
