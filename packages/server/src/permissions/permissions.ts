/**
 * Permissions: how every question is answered, through one function (rule 10).
 *
 *   1. Nobody without an identity may do anything.
 *   2. A deny pattern of any rule for the agent wins.
 *   3. It may always take the events that are addressed to itself.
 *   4. Where rules for the agent list what it may do, one of their patterns must match.
 *   5. Else an enrolled agent may.
 *
 * Of a pattern of topics all that it matches is asked for: one allow pattern must cover it whole, and no deny pattern may
 * have a topic in common with it (fault A9).
 */
import { parsePattern, type Pattern } from './pattern.ts';

/** What is asked for. */
export const ACTIONS = ['publish', 'subscribe', 'request'] as const;
/** One of `ACTIONS`. */
export type Action = (typeof ACTIONS)[number];

/** Patterns by action, as a file has them. */
export type PatternsByAction = Readonly<Partial<Record<Action, readonly string[] | undefined>>>;

/** One rule, as a file has it. */
export interface PermissionRule {
  /** Patterns of agent ids. */
  readonly agents: readonly string[];
  readonly allow?: PatternsByAction | undefined;
  readonly deny?: PatternsByAction | undefined;
}

/** Who asks; undefined for somebody who has not proved who they are. */
export type Subject = { readonly agentId: string } | undefined;

/** What is asked for, and which patterns allow and deny it. */
interface Asked {
  readonly target: string;
  readonly allowedBy: (pattern: Pattern) => boolean;
  readonly deniedBy: (pattern: Pattern) => boolean;
}

type ReadyPatterns = Readonly<Record<Action, readonly Pattern[] | undefined>>;

interface ReadyRule {
  readonly agents: readonly Pattern[];
  readonly allow: ReadyPatterns;
  readonly deny: ReadyPatterns;
}

/**
 * What agents may do, by the rules of a permissions file. Where rules for an agent list what it may do of an action,
 * all else of it is denied; without rules an enrolled agent may do everything.
 */
export class Permissions {
  readonly #rules: readonly ReadyRule[];
  /** Rules that concern a subject, by subject: found once a connection. */
  readonly #rulesBySubject = new WeakMap<object, readonly ReadyRule[]>();

  /** @throws RangeError for what is no pattern. */
  constructor(rules: readonly PermissionRule[]) {
    this.#rules = rules.map(({ agents, allow, deny }) => ({
      agents: ready(agents),
      allow: readyPatterns(allow),
      deny: readyPatterns(deny),
    }));
  }

  /** Whether `subject` may do `action` on `target`: a topic, the name of a request, or `agent:ID`. */
  authorize(subject: Subject, action: Action, target: string): boolean {
    const is = (pattern: Pattern): boolean => pattern.matches(target);
    return this.#authorize(subject, action, { target, allowedBy: is, deniedBy: is });
  }

  /** Whether `subject` may do `action` on every topic that a pattern of topics matches. */
  authorizePattern(subject: Subject, action: Action, topicPattern: string): boolean {
    return this.#authorize(subject, action, {
      target: topicPattern,
      allowedBy: (pattern) => pattern.covers(topicPattern),
      deniedBy: (pattern) => pattern.meets(topicPattern),
    });
  }

  #authorize(subject: Subject, action: Action, { target, allowedBy, deniedBy }: Asked): boolean {
    if (subject === undefined || subject.agentId === '' || !ACTIONS.includes(action)) return false;
    if (this.#rules.length === 0) return true;
    const rules = this.#rulesFor(subject);
    if (rules.some(({ deny }) => deny[action]?.some(deniedBy))) return false;
    if (action === 'subscribe' && target === `agent:${subject.agentId}`) return true;
    const lists = rules.filter(({ allow }) => allow[action] !== undefined);
    return lists.length === 0 || lists.some(({ allow }) => allow[action]?.some(allowedBy));
  }

  #rulesFor(subject: { readonly agentId: string }): readonly ReadyRule[] {
    let rules = this.#rulesBySubject.get(subject);
    if (rules === undefined) {
      rules = this.#rules.filter(({ agents }) => agents.some((pattern) => pattern.matches(subject.agentId)));
      this.#rulesBySubject.set(subject, rules);
    }
    return rules;
  }
}

function readyPatterns(patterns: PatternsByAction | undefined): ReadyPatterns {
  const of = (action: Action): readonly Pattern[] | undefined => {
    const listed = patterns?.[action];
    return listed && ready(listed);
  };
  return { publish: of('publish'), subscribe: of('subscribe'), request: of('request') };
}

function ready(patterns: readonly string[]): readonly Pattern[] {
  return patterns.map((text) => {
    const pattern = parsePattern(text);
    if (pattern === undefined) throw new RangeError(`"${text}" is no pattern`);
    return pattern;
  });
}
