import { describe, expect, it } from '@jest/globals';
import { InboundBudget, InboundShare, type InboundHolder } from './inbound-budget.ts';

const KIB = 1_024;

class Holder implements InboundHolder {
  rooms = 0;
  isCut = false;

  onInboundRoom(): void {
    this.rooms += 1;
  }

  onInboundCut(): void {
    this.isCut = true;
  }
}

function shares(budget: InboundBudget, count: number): { holder: Holder; share: InboundShare }[] {
  return Array.from({ length: count }, () => {
    const holder = new Holder();
    return { holder, share: new InboundShare(budget, holder) };
  });
}

describe('InboundBudget', () => {
  it('B13, rule 2: a heavy one is not read once it has as much as is free; those that bring little are', () => {
    const budget = new InboundBudget(1_000 * KIB);
    const [heavy, light] = shares(budget, 2).map(({ share }) => share);
    heavy!.add(499 * KIB);
    light!.add(1 * KIB);
    expect([heavy!.isHeavy, light!.isHeavy]).toEqual([false, false]);
    heavy!.add(1 * KIB);
    expect([heavy!.isHeavy, light!.isHeavy]).toEqual([true, false]);
    heavy!.free(500 * KIB);
    expect([heavy!.isHeavy, budget.counts.bytes]).toEqual([false, KIB]);
  });

  it('B13: many that are read only while they are not heavy stay within the budget, and share it', () => {
    const budget = new InboundBudget(1_000 * KIB);
    const many = shares(budget, 50).map(({ share }) => share);
    const held = many.map(() => 0);
    for (let round = 0; round < 1_000; round++) {
      const index = round % 50;
      if (many[index]!.isHeavy) continue;
      many[index]!.add(KIB);
      held[index]! += KIB;
    }
    expect(budget.counts.bytes).toBeLessThanOrEqual(1_000 * KIB);
    expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(KIB);
  });

  it('rule 6: what the budget has no room for is refused and counted, but a little is taken of everybody', () => {
    const budget = new InboundBudget(100 * KIB);
    const [heavy, light] = shares(budget, 2).map(({ share }) => share);
    expect(heavy!.refuses(100 * KIB)).toBe(false);
    heavy!.add(100 * KIB);
    expect([heavy!.refuses(1), light!.refuses(16 * KIB), light!.refuses(17 * KIB)]).toEqual([true, false, true]);
    expect(budget.counts).toEqual({ bytes: 100 * KIB, pauses: 0, refusals: 2, cuts: 0 });
  });

  it('who is not read is told when there is room, whoever has waited longest first, and each pause counts once', () => {
    const budget = new InboundBudget(300 * KIB);
    const [one, two, three] = shares(budget, 3);
    for (const { share } of [one!, two!, three!]) {
      share.add(100 * KIB);
      share.pause();
      share.pause();
    }
    one!.share.free(40 * KIB);
    expect([one!, two!, three!].map(({ holder }) => holder.rooms)).toEqual([0, 0, 0]);
    three!.share.resume();
    one!.share.free(20 * KIB);
    two!.share.free(60 * KIB);
    expect([one!, two!, three!].map(({ holder }) => holder.rooms)).toEqual([1, 1, 0]);
    expect(budget.counts).toMatchObject({ pauses: 3, bytes: 180 * KIB });
  });

  it('rule 2: frames that are not whole may take four times the budget; the one goes first that is incomplete for longest', () => {
    const budget = new InboundBudget(100 * KIB);
    const [slow, busy, late, small] = shares(budget, 4);
    small!.share.noteFrame(4 * KIB);
    slow!.share.noteFrame(20 * KIB);
    busy!.share.noteFrame(190 * KIB);
    slow!.share.noteFrame(40 * KIB);
    // Another frame: it is the youngest now.
    busy!.share.noteFrame(180 * KIB);
    late!.share.noteFrame(180 * KIB);
    const cut = (): readonly boolean[] => [slow!, busy!, late!, small!].map(({ holder }) => holder.isCut);
    expect(cut()).toEqual([false, false, false, false]);
    late!.share.noteFrame(181 * KIB);
    expect(cut()).toEqual([true, false, false, false]);
    for (const { share } of [slow!, busy!, late!, small!]) share.noteFrame(0);
    expect(budget.counts).toEqual({ bytes: 0, pauses: 0, refusals: 0, cuts: 1 });
  });
});
