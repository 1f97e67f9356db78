import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Permissions, type Action, type PermissionRule } from './permissions.ts';

const ada = { agentId: 'ada' };

describe('Permissions', () => {
  it('rule 10: denies who has no identity, and what is no action', () => {
    const all = new Permissions([{ agents: ['>'], allow: { request: ['>'] } }]);
    expect(all.authorize(undefined, 'request', 'echo')).toBe(false);
    expect(all.authorize({ agentId: '' }, 'request', 'echo')).toBe(false);
    expect(all.authorize(ada, 'delete' as Action, 'echo')).toBe(false);
    expect(new Permissions([]).authorize(undefined, 'request', 'echo')).toBe(false);
  });

  it('enrolled agents may do everything that no rule takes from them', () => {
    expect(new Permissions([]).authorize(ada, 'publish', 'x')).toBe(true);
    const others = new Permissions([{ agents: ['bob'], deny: { publish: ['>'] } }]);
    expect(others.authorize(ada, 'publish', 'x')).toBe(true);
    expect(others.authorize({ agentId: 'bob' }, 'publish', 'x')).toBe(false);
  });

  it('a list of what is allowed excludes the rest of that action only', () => {
    const permissions = new Permissions([{ agents: ['a*'], allow: { request: ['echo', 'agent:bob'] } }]);
    expect(permissions.authorize(ada, 'request', 'echo')).toBe(true);
    expect(permissions.authorize(ada, 'request', 'agent:bob')).toBe(true);
    expect(permissions.authorize(ada, 'request', 'other')).toBe(false);
    expect(permissions.authorize(ada, 'publish', 'other')).toBe(true);
    const none = new Permissions([{ agents: ['ada'], allow: { request: [] } }]);
    expect(none.authorize(ada, 'request', 'echo')).toBe(false);
  });

  it('A9: deny always wins, whatever else the rules say and in whatever order', () => {
    const action = fc.constantFrom<Action>('publish', 'subscribe', 'request');
    const name = fc.stringMatching(/^[a-c]{1,2}(\.[a-c]{1,2}){0,2}$/);
    const pattern = fc.oneof(name, fc.constantFrom('>', '*', 'a.>', '*.b', 'a*'));
    const byAction = fc.record({
      publish: fc.array(pattern),
      subscribe: fc.array(pattern),
      request: fc.array(pattern),
    });
    const rule: fc.Arbitrary<PermissionRule> = fc.record({
      agents: fc.array(fc.constantFrom('ada', '*', '>', 'a*', 'bob'), { minLength: 1 }),
      allow: fc.option(byAction, { nil: undefined }),
      deny: fc.option(byAction, { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(rule), action, name, fc.nat(), (rules, what, target, seed) => {
        const deny: PermissionRule = { agents: ['ada'], deny: { [what]: [target] } };
        const at = seed % (rules.length + 1);
        const permissions = new Permissions([...rules.slice(0, at), deny, ...rules.slice(at)]);
        expect(permissions.authorize(ada, what, target)).toBe(false);
      }),
    );
  });

  it('A9: a deny rule wins over every pattern of topics that could reach around it', () => {
    const permissions = new Permissions([
      { agents: ['*'], allow: { subscribe: ['fleet.>', 'news.*'] }, deny: { subscribe: ['fleet.secret.>'] } },
    ]);
    const may = (pattern: string): boolean => permissions.authorizePattern(ada, 'subscribe', pattern);
    expect(['fleet.eu.*', 'news.*', 'news.eu', 'fleet.secret'].filter((pattern) => !may(pattern))).toEqual([]);
    const around = ['fleet.>', 'fleet.*.x', '*.secret.x', '>', 'fleet.secret.>', '*', 'news.>', 'other'];
    expect(around.filter(may)).toEqual([]);
  });

  it('events addressed to itself an agent may take, unless a rule denies it', () => {
    const listed = new Permissions([{ agents: ['*'], allow: { subscribe: ['fleet.>'] } }]);
    expect(listed.authorize(ada, 'subscribe', 'agent:ada')).toBe(true);
    expect(listed.authorize(ada, 'subscribe', 'agent:bob')).toBe(false);
    const denied = new Permissions([{ agents: ['ada'], deny: { subscribe: ['agent:*'] } }]);
    expect(denied.authorize(ada, 'subscribe', 'agent:ada')).toBe(false);
  });
});
