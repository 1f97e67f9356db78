/** Calls of accounts, sessions and the directory (docs/protocols/messaging.md §2 to §4, §11): packets in, services, packets out. */
import { utf8Encode } from '@sealane/shared/bytes';
import type { AnswerOf, CallOf } from '@sealane/shared/items';
import type { Accounts } from '../accounts/accounts.ts';
import { CallError } from '../call-error.ts';
import type { Caller, Standing } from '../caller.ts';
import type { Directory } from '../directory/directory.ts';
import type { LoginOutcome, Sessions } from '../sessions/sessions.ts';
import type { ServiceEnvironment } from '../devices.ts';

export interface AccountServices {
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly directory: Directory;
  readonly environment: ServiceEnvironment;
  /** Whoever is logged in on this device may do something else now. */
  changed(agentId: string): void;
}

/** Calls that are answered here. */
export type AccountCallId = 0x40 | 0x41 | 0x43 | 0x44 | 0x45 | 0x46 | 0x48 | 0x56 | 0x59;

type Handler<Id extends AccountCallId> = (
  services: AccountServices,
  by: { readonly caller: Caller; readonly standing: Standing | undefined },
  packet: CallOf<Id>,
) => Promise<AnswerOf<Id>>;

/** A handler for each of them. Bytes that are kept are copied. */
export const ACCOUNT_CALLS: { readonly [Id in AccountCallId]: Handler<Id> } = {
  async 0x40(services, { caller }, { call, username, password, statements, registrationToken }) {
    const { accounts, sessions } = services;
    const request = { username, password, statements: copies(statements), token: registrationToken?.slice() ?? null };
    const account = await accounts.register(caller, request);
    const opened = await sessions.open(caller, account, { kind: 'device' });
    services.changed(caller.agentId);
    return loggedIn(call, opened);
  },

  async 0x41(services, { caller }, { call, username, password, challenge, signature }) {
    const request = { username, password, challenge: copy(challenge), signature: copy(signature) };
    const outcome = await services.sessions.login(caller, request);
    services.changed(caller.agentId);
    return loggedIn(call, outcome);
  },

  async 0x43(services, { caller, standing }, { call, everywhere }) {
    const { accountId } = present(standing);
    await services.sessions.logout(caller, { everywhere, accountId });
    return stored(services, call);
  },

  async 0x44(services, { caller, standing }, { call, password, newPassword, endsAccount }) {
    await services.accounts.change({ ...caller, ...present(standing) }, { password, newPassword, endsAccount });
    return stored(services, call);
  },

  async 0x45(services, { caller, standing }, { call, statement }) {
    const index = await services.accounts.append({ ...caller, ...present(standing) }, statement.slice());
    return { ...stored(services, call), sequence: index };
  },

  async 0x46({ directory }, { caller, standing }, packet) {
    const answer = await directory.query(caller, present(standing), packet);
    const { statements, statementCount, proof, presence, lastSeenAt } = answer;
    return { id: 0x47, call: packet.call, statements, statementCount, ...proof, presence, lastSeenAt };
  },

  async 0x48({ directory }, { caller }, packet) {
    const { usernames, hasMore } = await directory.list(caller, packet);
    return { id: 0x49, call: packet.call, usernames: usernames.map((name) => utf8Encode(name)), hasMore };
  },

  async 0x56(services, { standing }, { call, visibility }) {
    await services.directory.setVisibility(present(standing), visibility);
    return stored(services, call);
  },

  async 0x59({ directory }, { caller }, { call, treeSize }) {
    return { id: 0x5a, call, ...(await directory.head(caller, treeSize)) };
  },
};

function loggedIn(call: number, outcome: LoginOutcome): AnswerOf<0x41> {
  const none = { accessToken: null, refreshToken: null, expiresAt: 0, isListed: false };
  if (outcome.challenge !== undefined) return { id: 0x42, call, challenge: outcome.challenge, ...none };
  return { id: 0x42, call, challenge: null, ...outcome.tokens, isListed: outcome.isListed };
}

function stored({ environment }: AccountServices, call: number) {
  return { id: 0x4f, call, sequence: 0, epoch: 0, at: environment.wallClock() } as const;
}

function present(standing: Standing | undefined): Standing {
  if (standing === undefined) throw new CallError('E_NOT_LOGGED_IN');
  return standing;
}

function copy(bytes: Uint8Array | null): Uint8Array | null {
  return bytes?.slice() ?? null;
}

function copies(list: readonly Uint8Array[]): readonly Uint8Array[] {
  return list.map((bytes) => bytes.slice());
}
