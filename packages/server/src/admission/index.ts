/** Admission: who gets in, which ids are whose, and the tokens for both. Services without sockets. */
export { Admission } from './admission.ts';
export { AgentRegistry } from './agent-registry.ts';
export type { EnrolledBy } from './agent-registry.ts';
export { issueEnrolmentToken } from './enrolment-tokens.ts';
export { openResumeKey } from './resume-key.ts';
export { ResumeTokens } from './resume-token.ts';
