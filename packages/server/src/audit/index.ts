/** Audit: what operators and agents did that matters, in a chain of lines that cannot be changed without a trace. */
export { AUDIT_FILE } from './audit-files.ts';
export { AuditLog } from './audit-log.ts';
export type { AuditFields, AuditRecorder } from './audit-record.ts';
export { LimitedNotes } from './limited-notes.ts';
export { verifyAudit } from './verify-audit.ts';
