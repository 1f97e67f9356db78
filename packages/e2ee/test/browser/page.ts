/**
 * Program of a page: two devices talk over WebCrypto, with their rows sealed by a key that cannot be exported, in IndexedDB;
 * then one is opened again from what is there. What came of it goes to the server of the page.
 */
import { portableCrypto } from '@sealane/shared/crypto';
import { E2eeEngine } from '../../src/engine/index.ts';
import { webCrypto, type DeviceJudge, type SuiteName } from '../../src/mls/index.ts';
import { SealedStorage, type RowCipher, type Storage } from '../../src/storage/index.ts';
import { CONVERSED, converse } from '../engine/converse.ts';
import { IndexedDbStorage } from './indexed-db-storage.ts';

const NONCE_BYTES = 12;
const { subtle } = crypto;
const random = (size: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(size));

async function rowCipher(): Promise<RowCipher> {
  const key = await subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  const parameters = (iv: Uint8Array<ArrayBuffer>, place: Uint8Array) =>
    ({ name: 'AES-GCM', iv, additionalData: Uint8Array.from(place) }) as const;
  return {
    async seal(row, place) {
      const nonce = random(NONCE_BYTES);
      const sealed = await subtle.encrypt(parameters(nonce, place), key, Uint8Array.from(row));
      return Uint8Array.of(...nonce, ...new Uint8Array(sealed));
    },
    async open(sealed, place) {
      const nonce = Uint8Array.from(sealed.subarray(0, NONCE_BYTES));
      const opening = subtle.decrypt(parameters(nonce, place), key, Uint8Array.from(sealed.subarray(NONCE_BYTES)));
      return await opening.then((row) => new Uint8Array(row)).catch(() => undefined);
    },
  };
}

function engineOf(username: string, storage: Storage): E2eeEngine {
  const accountId = portableCrypto.sha256(new TextEncoder().encode(username));
  const device = { accountId, username, agentId: `${username}-1`, signingSeed: random(32) };
  const judge: DeviceJudge = { judge: () => 'listed' };
  return new E2eeEngine({ storage, crypto: webCrypto, device, judge, now: () => Date.now(), random });
}

async function talk(suite: SuiteName): Promise<boolean> {
  const cipher = await rowCipher();
  const open = async (name: string): Promise<Storage> =>
    new SealedStorage(await IndexedDbStorage.open(`${name}-${suite}`), cipher);
  const [anna, bert] = [engineOf('anna', await open('anna')), engineOf('bert', await open('bert'))];
  const group = random(16);
  const read = await converse({ anna, bert, suite, group });
  if (JSON.stringify(read) !== JSON.stringify(CONVERSED)) throw new Error(JSON.stringify(read));
  const before = await bert.storage.transaction((transaction) => bert.groupOf(transaction, group));
  await bert.storage.close();
  const again = engineOf('bert', await open('bert'));
  const after = await again.storage.transaction((transaction) => again.groupOf(transaction, group));
  return before !== undefined && JSON.stringify(before) === JSON.stringify(after);
}

async function report(): Promise<string> {
  try {
    return JSON.stringify({ classical: await talk('classical'), hybrid: await talk('hybrid') });
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

await fetch('/report', { method: 'POST', body: await report() });
