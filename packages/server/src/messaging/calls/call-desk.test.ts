import { describe, expect, it } from '@jest/globals';
import type { GroupSend } from '@sealane/shared/packets';
import type { MessagingSink } from '../messaging-host.ts';
import { CallDesk, type CallDeskHost } from './call-desk.ts';

const ACCOUNT = new Uint8Array(32).fill(1);

/** A desk whose host holds every message until the test answers. */
function heldDesk() {
  const answered = Promise.withResolvers<undefined>();
  const state = { isHeld: true, wakes: 0, sent: [] as object[], waitingBytes: 0 };
  const host: CallDeskHost = {
    now: () => 0,
    standingOf: () => Promise.resolve({ accountId: ACCOUNT, username: 'alice', isListed: true }),
    answer: async ({ standing }, { call }) => {
      await answered.promise;
      return { id: 0x4f, call, sequence: 1, epoch: standing === undefined ? 0 : 1, at: 0 };
    },
    enter: () => () => undefined,
    onDetached: () => undefined,
    isHeld: (accountId) => accountId === ACCOUNT && state.isHeld,
    onFault: (error) => {
      throw error;
    },
  };
  const session = {
    state: 'Open',
    get waitingBytes() {
      return state.waitingBytes;
    },
    sendMessaging: (packet: object) => void state.sent.push(packet),
  };
  const sink = {
    ...{ peer: { agentId: 'alice-1', agentKey: ACCOUNT }, addressKey: 'here', isLoopback: true },
    ...{ session, unsentBytes: () => 0, highWaterBytes: 1_000, wake: () => (state.wakes += 1) },
  } as unknown as MessagingSink;
  return { desk: new CallDesk(host, sink), state, answered };
}

const message = { id: 0x4e, call: 1, body: new Uint8Array(10) } as unknown as GroupSend;

describe('CallDesk', () => {
  it('G1: reads no further while a message of its own is held, and is woken when that is answered', async () => {
    const { desk, state, answered } = heldDesk();
    expect(desk.wantsPause).toBe(false);
    desk.onPacket(message);
    await new Promise(setImmediate);
    expect(desk.wantsPause).toBe(true);
    state.isHeld = false;
    expect(desk.wantsPause).toBe(false);
    state.isHeld = true;
    answered.resolve(undefined);
    await new Promise(setImmediate);
    expect([desk.wantsPause, state.wakes, state.sent.length]).toEqual([false, 1, 1]);
  });

  it('G1: what others tell it is passed on while it is held, and not while it is full', async () => {
    const { desk, state } = heldDesk();
    desk.onPacket(message);
    await new Promise(setImmediate);
    const transient = { id: 0x5a } as unknown as Parameters<CallDesk['pass']>[0];
    desk.pass(transient);
    state.waitingBytes = 1_000;
    desk.pass(transient);
    expect(state.sent).toEqual([transient]);
  });
});
