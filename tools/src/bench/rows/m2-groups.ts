/**
 * M2: groups of 2 to 250 devices: what one message, one update, one more device and one less cost the devices, on the wire and
 * on the disk. Every device has its rows in a SQLite file, as an agent has.
 */
import type { PendingCommit } from '@sealane/e2ee/engine';
import { EngineGroup, joinBy } from '../messages/engine-box.ts';
import { RsaMessages } from '../messages/rsa-box.ts';
import { median } from '../report/statistics.ts';
import { OURS, type Figures, type Series } from './series.ts';

const SIZES = [2, 10, 100, 250] as const;
const MESSAGE_BYTES = 100;
const ROUNDS = 5;
const MESSAGES = 20;
const KIBIBYTE = 1_024;

async function measureGroup(size: number): Promise<Figures> {
  const made = await EngineGroup.create(size, 'disk');
  try {
    const update = await measureUpdates(made);
    const join = await measureJoin(made, size);
    const message = await measureMessages(made);
    return { ...update, ...join, ...message, state: (await made.fileBytes(1)) / KIBIBYTE };
  } finally {
    await made.close();
  }
}

/** The first two devices renew their keys in turn; both follow. */
async function measureUpdates({ group, devices }: EngineGroup): Promise<Figures> {
  const [commitMs, takeMs]: [number[], number[]] = [[], []];
  let bytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const [by, other] = round % 2 === 0 ? [devices[0], devices[1]] : [devices[1], devices[0]];
    if (by === undefined || other === undefined) throw new RangeError('a group has two devices at least');
    const startedAt = performance.now();
    const pending = await by.step((engine, rows) => engine.commit(rows, group, {}));
    await by.step((engine, rows) => engine.commitAccepted(rows, group, pending.messageId));
    commitMs.push(performance.now() - startedAt);
    takeMs.push(await timed(() => take(other, group, pending)));
    bytes = pending.commit.length;
  }
  return { commit: median(commitMs), take: median(takeMs), commitBytes: bytes / KIBIBYTE };
}

async function measureJoin(made: EngineGroup, size: number): Promise<Figures> {
  const { group } = made;
  const [first, second] = [made.at(0), made.at(1)];
  const fresh = await made.device(size);
  const keyPackage = await fresh.keyPackage();
  const added = await first.step((engine, rows) => engine.commit(rows, group, { add: [keyPackage] }));
  await first.step((engine, rows) => engine.commitAccepted(rows, group, added.messageId));
  await take(second, group, added);
  const joinMs = await timed(() => joinBy(fresh, added));
  return { join: joinMs, welcomeBytes: (added.welcome?.length ?? 0) / KIBIBYTE };
}

async function measureMessages(made: EngineGroup): Promise<Figures> {
  const { group } = made;
  const [first, second] = [made.at(0), made.at(1)];
  const plaintext = new Uint8Array(MESSAGE_BYTES);
  const sealMs: number[] = [];
  let bytes = 0;
  for (let index = 0; index < MESSAGES; index++) {
    const startedAt = performance.now();
    const { message } = await first.step((engine, rows) => engine.seal(rows, group, plaintext));
    sealMs.push(performance.now() - startedAt);
    const opened = await second.step((engine, rows) => engine.open(rows, group, message));
    if (opened.state !== 'decrypted') throw new Error(`a message could not be opened: ${opened.state}`);
    bytes = message.length;
  }
  return { seal: median(sealMs), messageBytes: bytes / KIBIBYTE };
}

/** One message for everybody else. */
function measureRsa(size: number): Promise<Figures> {
  const messages = new RsaMessages();
  const plaintext = new Uint8Array(MESSAGE_BYTES);
  const sealMs: number[] = [];
  let bytes = 0;
  for (let index = 0; index < MESSAGES; index++) {
    const startedAt = performance.now();
    const sealed = messages.seal(plaintext, size - 1);
    sealMs.push(performance.now() - startedAt);
    messages.open(sealed, size - 1);
    bytes = sealed.length;
  }
  return Promise.resolve({ seal: median(sealMs), messageBytes: bytes / KIBIBYTE });
}

async function take(device: EngineGroup['devices'][number], group: Uint8Array, pending: PendingCommit): Promise<void> {
  const taken = await device.step((engine, rows) => engine.takeCommit(rows, group, pending.epoch, pending.commit));
  if (taken.state !== 'applied') throw new Error(`a commit could not be followed: ${taken.state}`);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

const RSA = 'RSA-4096 and AES-GCM';

export const groups: readonly Series[] = SIZES.map((size) => ({
  row: 'M2',
  variant: `${size} devices`,
  figures: [
    { name: 'seal', unit: 'ms a message' },
    { name: 'messageBytes', unit: 'KiB a message' },
    { name: 'commit', unit: 'ms' },
    { name: 'take', unit: 'ms' },
    { name: 'join', unit: 'ms' },
    { name: 'commitBytes', unit: 'KiB' },
    { name: 'welcomeBytes', unit: 'KiB' },
    { name: 'state', unit: 'KiB on the disk' },
  ],
  participants: [
    { name: OURS, contender: undefined, measure: () => measureGroup(size) },
    { name: RSA, contender: undefined, measure: () => measureRsa(size) },
  ],
  aims: [
    { figure: 'seal', against: RSA, relation: 'at most', value: 0.5 },
    { figure: 'messageBytes', against: RSA, relation: 'at most', value: 0.5 },
  ],
}));
