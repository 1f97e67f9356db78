/** Admission: who gets in, which ids are whose, and the tokens for both. Services without sockets. */
export { Admission } from './admission.ts';
export type { Verdict } from './admission.ts';
export { isEnrolled } from './agent-directory.ts';
export type { AgentDirectory, AgentPage, AgentStanding, Enrolment, EnrolmentTerms } from './agent-directory.ts';
export { AgentRegistry, REDEEMED_KEPT_SECONDS } from './agent-registry.ts';
export type { EnrolledAgent, EnrolledBy } from './enrolled-agent.ts';
export { banOf, storedBanSchema } from './ban.ts';
export type { Ban, BanKeeper, BanKind } from './ban.ts';
export { Bans } from './bans.ts';
export { FileBans } from './file-bans.ts';
export { issueEnrolmentToken } from './enrolment-tokens.ts';
export { openResumeKey } from './resume-key.ts';
export { ResumeTokens } from './resume-token.ts';
