/**
 * The sender's half of a transfer, after the receiver said what it holds (docs/protocols/files.md §4.2 and §4.3):
 *
 *   1. compare what the receiver holds with the own file → where to start
 *   2. start, raw bytes, digest, end of the stream
 *   3. the receiver's digest confirms that the file is stored
 */
import type { Hash } from 'node:crypto';
import { equalBytes, toHex } from '@sealane/shared/bytes';
import type { ChannelStream } from '@sealane/shared/channel';
import { ProtocolError } from '@sealane/shared/errors';
import { CHUNK_BYTES, digestSoFar, hashPrefix, startHash } from './content-hash.ts';
import { decodeDigest, encodeDigest, encodeStart, type Holding } from './messages.ts';
import type { SourceFile } from './source-file.ts';
import type { TransferReader } from './transfer-reader.ts';
import type { TransferOutcome, TransferWatch } from './transfer.ts';

/** What is sent, to whom, and from where on. */
export interface SendContent {
  readonly stream: ChannelStream;
  readonly reader: TransferReader;
  readonly source: SourceFile;
  readonly holding: Holding;
  readonly watch: TransferWatch;
}

/**
 * Sends what the receiver lacks and waits until it has stored the whole.
 *
 * @throws ProtocolError `E_FILE_EXISTS`, `E_FILE_CHANGED`, `E_FILE_HASH`, or the code of the peer's reset.
 */
export async function sendContent({ stream, reader, source, holding, watch }: SendContent): Promise<TransferOutcome> {
  const { sizeBytes, modifiedMs } = source;
  const { offset, hash } = await agreedStart(source, holding, watch);
  await stream.write(encodeStart({ offset, sizeBytes, modifiedMs }));
  watch.begin(sizeBytes, offset);
  await sendBytes(stream, source, { offset, hash, watch });
  await source.assertUnchanged();
  const sha256 = new Uint8Array(hash.digest());
  await stream.write(encodeDigest({ sha256 }));
  stream.end();
  const confirmed = decodeDigest(await reader.message());
  if (!equalBytes(confirmed.sha256, sha256)) throw new ProtocolError('E_FILE_HASH', 'the receiver stored other bytes');
  return { bytes: sizeBytes, sha256: toHex(sha256), resumedFrom: offset };
}

/** Where to start, with the hash of what stands before. */
async function agreedStart(
  source: SourceFile,
  holding: Holding,
  watch: TransferWatch,
): Promise<{ readonly offset: number; readonly hash: Hash }> {
  const hash = startHash();
  const fits = holding.offset <= source.sizeBytes && (!holding.complete || holding.offset === source.sizeBytes);
  if (fits) {
    const proceed = (): void => watch.proceed();
    const found = await hashPrefix(hash, { handle: source.handle, sizeBytes: holding.offset, proceed });
    if (found === holding.offset && equalBytes(digestSoFar(hash), holding.sha256))
      return { offset: holding.offset, hash };
  }
  if (holding.complete) throw new ProtocolError('E_FILE_EXISTS');
  return { offset: 0, hash: startHash() };
}

/** Reads the next piece while the last one is sent; the stream's credit sets the pace. */
async function sendBytes(
  stream: ChannelStream,
  source: SourceFile,
  from: { readonly offset: number; readonly hash: Hash; readonly watch: TransferWatch },
): Promise<void> {
  let { offset } = from;
  let [front, back] = [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)];
  let piece = await source.read(front, offset);
  while (piece.length > 0) {
    from.hash.update(piece);
    offset += piece.length;
    const [written, next] = await Promise.allSettled([stream.write(piece), source.read(back, offset)]);
    if (written.status === 'rejected') throw written.reason;
    if (next.status === 'rejected') throw next.reason;
    from.watch.step(offset);
    [front, back] = [back, front];
    piece = next.value;
  }
}
