/**
 * M1: messages of 100 B between two devices, sealed and opened, in one process and without a network. Each end keeps what it
 * has to keep to go on after a crash: in memory, or on the disk before the next message.
 */
import { engineBox } from '../messages/engine-box.ts';
import { hasLibsignal, libsignalBox } from '../messages/libsignal-box.ts';
import type { MessageBox } from '../messages/message-box.ts';
import { rsaBox } from '../messages/rsa-box.ts';
import { OURS, type Figures, type RunSettings, type Series } from './series.ts';

const MESSAGE_BYTES = 100;
/** Sealed together, then opened together: the receiver reads them in order. */
const BURST = 50;

async function measure(open: () => Promise<MessageBox>, { seconds, warmUpSeconds }: RunSettings): Promise<Figures> {
  const box = await open();
  try {
    await exchange(box, warmUpSeconds);
    const { sealSeconds, openSeconds, count, overhead } = await exchange(box, seconds);
    return { sealed: count / sealSeconds, opened: count / openSeconds, overhead };
  } finally {
    await box.close();
  }
}

async function exchange(box: MessageBox, seconds: number) {
  const plaintext = new Uint8Array(MESSAGE_BYTES).fill(0x61);
  const endsAt = performance.now() + seconds * 1_000;
  let [sealMs, openMs, count, overhead] = [0, 0, 0, 0];
  while (performance.now() < endsAt) {
    const startedAt = performance.now();
    const sealed: Uint8Array[] = [];
    for (let index = 0; index < BURST; index++) sealed.push(await box.seal(plaintext));
    const sealedAt = performance.now();
    for (const message of sealed)
      if ((await box.open(message)).length !== MESSAGE_BYTES) throw new Error('a message came out otherwise');
    openMs += performance.now() - sealedAt;
    sealMs += sealedAt - startedAt;
    count += BURST;
    overhead = (sealed[0]?.length ?? 0) - MESSAGE_BYTES;
  }
  return { sealSeconds: sealMs / 1_000, openSeconds: openMs / 1_000, count, overhead };
}

const participant = (name: string, open: () => Promise<MessageBox>) => ({
  ...{ name, contender: undefined },
  measure: (settings: RunSettings) => measure(open, settings),
});

const RSA = 'RSA-4096 and AES-GCM';

export const messages: readonly Series[] = [
  {
    row: 'M1',
    variant: 'two devices, 100 B',
    figures: [
      { name: 'sealed', unit: '/s' },
      { name: 'opened', unit: '/s' },
      { name: 'overhead', unit: 'B' },
    ],
    participants: [
      participant(OURS, () => engineBox('memory')),
      participant('sealane, rows on the disk', () => engineBox('disk')),
      participant(RSA, rsaBox),
      ...(hasLibsignal() ? [participant('libsignal', libsignalBox)] : []),
    ],
    aims: [
      { figure: 'sealed', against: RSA, relation: 'at least', value: 10 },
      { figure: 'opened', against: RSA, relation: 'at least', value: 10 },
      { figure: 'overhead', against: RSA, relation: 'at most', value: 0.5 },
    ],
  },
];
