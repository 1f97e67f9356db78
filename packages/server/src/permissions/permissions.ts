/**
 * What agents may do: rules from the permissions file, asked through one function that denies by default (rule 10).
 *
 *   1. Nobody without an identity may do anything.
 *   2. A deny pattern of any rule for the agent wins.
 *   3. Where rules for the agent list what it may do, one of their patterns must match.
 *   4. Else an enrolled agent may.
 */
import { parsePattern, type Pattern } from './pattern.ts';

/** What is asked for. */
export const ACTIONS = ['publish', 'subscribe', 'request'] as const;
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

type ReadyPatterns = Readonly<Record<Action, readonly Pattern[] | undefined>>;

interface ReadyRule {
  readonly agents: readonly Pattern[];
  readonly allow: ReadyPatterns;
  readonly deny: ReadyPatterns;
}

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
    if (subject === undefined || subject.agentId === '' || !ACTIONS.includes(action)) return false;
    if (this.#rules.length === 0) return true;
    const rules = this.#rulesFor(subject);
    if (rules.some(({ deny }) => matchesAny(deny[action], target))) return false;
    const lists = rules.filter(({ allow }) => allow[action] !== undefined);
    return lists.length === 0 || lists.some(({ allow }) => matchesAny(allow[action], target));
  }

  #rulesFor(subject: { readonly agentId: string }): readonly ReadyRule[] {
    let rules = this.#rulesBySubject.get(subject);
    if (rules === undefined) {
      rules = this.#rules.filter(({ agents }) => matchesAny(agents, subject.agentId));
      this.#rulesBySubject.set(subject, rules);
    }
    return rules;
  }
}

function matchesAny(patterns: readonly Pattern[] | undefined, name: string): boolean {
  return patterns?.some((pattern) => pattern.matches(name)) ?? false;
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
