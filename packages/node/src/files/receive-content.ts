/**
 * The receiver's half of a transfer, after the sender knows what is held (docs/protocols/files.md §4.2 and §4.3):
 *
 *   1. the sender's start: go on, or begin anew
 *   2. raw bytes, exactly as many as announced, then the sender's digest and the end of the stream
 *   3. compare, publish
 *   4. when everything is closed, so that the sender may come again at once: confirm with the own digest
 */
import { equalBytes, toHex } from '@sealane/shared/bytes';
import type { ChannelStream } from '@sealane/shared/channel';
import { ProtocolError } from '@sealane/shared/errors';
import type { Destination } from './destination.ts';
import { decodeDigest, decodeStart, encodeDigest, type Digest, type Start } from './messages.ts';
import type { PartialFile } from './partial-file.ts';
import type { TransferReader } from './transfer-reader.ts';
import type { TransferOutcome, TransferWatch } from './transfer.ts';

/** Where from, where to, and what was promised. */
export interface ReceiveContent {
  readonly reader: TransferReader;
  readonly destination: Destination;
  /** Checks what the sender starts with, before anything is stored. @throws ProtocolError to refuse. */
  readonly onStart: (start: Start) => void;
  readonly watch: TransferWatch;
}

/** Codes after which the bytes received so far cannot be part of the file: they are removed. */
const SPOILING = new Set(['E_FILE_CHANGED', 'E_FILE_HASH', 'E_FILE_TOO_LARGE', 'E_BAD_REQUEST']);

/** What was stored, and is to be confirmed. */
export interface ReceivedContent {
  readonly outcome: TransferOutcome;
  /** SHA-256 of the whole, 32 bytes. */
  readonly sha256: Uint8Array;
}

/**
 * Receives what is missing, and stores the whole durably.
 *
 * @throws ProtocolError `E_FILE_HASH`, `E_FILE_EXISTS`, `E_FILE_TOO_LARGE`, `E_BAD_REQUEST`, or the code of the peer's
 *   reset; the error of the disk.
 */
export async function receiveContent(transfer: ReceiveContent): Promise<ReceivedContent> {
  const { destination } = transfer;
  try {
    const { start, sha256 } = await receiveBytes(transfer);
    await destination.partial?.publish(destination.target, start.modifiedMs);
    const outcome = { bytes: start.sizeBytes, sha256: toHex(sha256), resumedFrom: start.offset };
    return { outcome, sha256 };
  } catch (error) {
    if (error instanceof ProtocolError && SPOILING.has(error.code)) await destination.partial?.discard();
    throw error;
  }
}

/** Tells the sender that the file is stored. @throws ProtocolError when the stream or the connection ended. */
export async function confirmContent(stream: ChannelStream, { sha256 }: ReceivedContent): Promise<void> {
  await stream.write(encodeDigest({ sha256 }));
  stream.end();
}

async function receiveBytes(transfer: ReceiveContent): Promise<{ readonly start: Start; readonly sha256: Uint8Array }> {
  const { reader, destination, watch, onStart } = transfer;
  const start = decodeStart(await reader.message());
  onStart(start);
  await applyStart(start, destination);
  watch.begin(start.sizeBytes, start.offset);
  if (destination.partial !== undefined) await appendBytes(reader, destination.partial, { start, watch });
  const announced = await readDigest(reader);
  await reader.end('E_FILE_TOO_LARGE');
  const sha256 = destination.partial?.digest() ?? destination.holding.sha256;
  if (!equalBytes(sha256, announced.sha256)) throw new ProtocolError('E_FILE_HASH');
  return { start, sha256 };
}

/** More bytes than announced would stand where the digest is expected (§4.2). */
async function readDigest(reader: TransferReader): Promise<Digest> {
  const message = await reader.message('E_FILE_TOO_LARGE');
  try {
    return decodeDigest(message);
  } catch (cause) {
    throw new ProtocolError('E_FILE_TOO_LARGE', 'more bytes than announced', { cause });
  }
}

async function applyStart(start: Start, { holding, partial }: Destination): Promise<void> {
  if (partial === undefined) {
    if (start.offset !== holding.offset || start.sizeBytes !== holding.offset) throw new ProtocolError('E_FILE_EXISTS');
    return;
  }
  if (start.offset === holding.offset) return;
  if (start.offset !== 0) throw new ProtocolError('E_BAD_REQUEST', 'the sender starts where nobody asked it to');
  await partial.restart();
}

async function appendBytes(
  reader: TransferReader,
  partial: PartialFile,
  { start, watch }: { readonly start: Start; readonly watch: TransferWatch },
): Promise<void> {
  while (partial.length < start.sizeBytes) {
    await partial.append(await reader.raw(start.sizeBytes - partial.length));
    watch.step(partial.length);
  }
}
