/**
 * AgentDirectory: one node keeps it in a file (agent-registry.ts), several share it on Redis. Not a policy: who may
 * enrol is decided by admission.ts.
 */
import type { EnrolledAgent, RedeemedToken } from './enrolled-agent.ts';

/** A value that is there now, or comes later. */
export type MaybePromise<Value> = Value | Promise<Value>;

/** What is known of an agent. */
export interface AgentStanding {
  readonly agent: EnrolledAgent | undefined;
  readonly isBanned: boolean;
  /** To be waited for before anybody is told; undefined when all of it is safe. Rejects when it was taken back. */
  readonly durable: Promise<void> | undefined;
}

/** What became of an enrolment. */
export interface Enrolment {
  /** `taken`: another key got the id in between. `full`: as many agents as there may be. */
  readonly outcome: 'enrolled' | 'taken' | 'token-used' | 'full';
  readonly durable: Promise<void> | undefined;
}

/** Under which circumstances an enrolment counts. */
export interface EnrolmentTerms {
  /** The key that the id has now; undefined for an id that is free. Where it is another one by then, the id is taken. */
  readonly keyBefore: string | undefined;
  readonly token: RedeemedToken | undefined;
  readonly agentsMax: number;
}

/** A page of agents, by id. */
export interface AgentPage {
  readonly items: readonly (EnrolledAgent & { readonly isBanned: boolean })[];
  readonly next: string | undefined;
}

/**
 * Port: who is enrolled, which tokens were redeemed, and who is banned. Answers come at once where they lie in memory,
 * and as promises where others have to be asked.
 */
export interface AgentDirectory {
  standing(agentId: string): MaybePromise<AgentStanding>;
  isRedeemed(tokenId: string): MaybePromise<boolean>;
  /** Binds an id to a key, and with it redeems a token: all of it or nothing, and of two at once one. */
  enrol(agent: EnrolledAgent, terms: EnrolmentTerms): MaybePromise<Enrolment>;
  /** Bans an agent, known or not, or lifts the ban. Durable when it resolves. */
  setBanned(agentId: string, isBanned: boolean): Promise<void>;
  /** Frees the id; a ban stays. @returns false when nobody has it. */
  forget(agentId: string): Promise<boolean>;
  list(request: { readonly after: string | undefined; readonly limit: number }): Promise<AgentPage>;
}

/** Goes on with a value, now where it is there and later where it is a promise. */
export function whenKnown<Value, Result>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Whether an agent has an id of this directory. */
export function isEnrolled(directory: AgentDirectory, agentId: string): MaybePromise<boolean> {
  return whenKnown(directory.standing(agentId), ({ agent }) => agent !== undefined);
}
