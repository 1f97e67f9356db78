/** What the server does by itself and the audit log has to know: enrolments, refusals, incidents of the store. */
import type { ErrorCode } from '@sealane/shared/errors';
import { monotonicNow } from '@sealane/node/transport';
import { LimitedNotes, type AuditRecorder } from '../audit/index.ts';
import type { Server } from '../server/index.ts';

/** Refusals that tell of somebody who should not be here. */
const SUSPICIOUS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'E_TOKEN_INVALID',
  'E_TOKEN_USED',
  'E_TOKEN_EXPIRED',
  'E_ID_TAKEN',
  'E_BANNED',
]);

/** Notes it from now on. */
export function keepAuditTrail(server: Server, audit: AuditRecorder): void {
  const refusals = new LimitedNotes(audit, monotonicNow);
  server.on('agent-enrolled', ({ agentId, address, by }) =>
    audit.note('agent-enrolled', { agent: agentId, address, by }),
  );
  server.on('agent-refused', ({ agentId, address, code }) => {
    if (SUSPICIOUS.has(code)) refusals.note('agent-refused', { agent: agentId, address, code });
  });
  const logins = new LimitedNotes(audit, monotonicNow);
  server.on('messaging-note', (action, fields) => (action === 'login-failed' ? logins : audit).note(action, fields));
  server.on('store-incident', ({ code, message }) => audit.note('store-incident', { code, message }));
  server.on('store-health', ({ status, reasons }) =>
    audit.note('store-health', { status, reasons: reasons.join(' ') }),
  );
}
