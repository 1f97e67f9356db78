/** Reads one stream as framed messages and counted raw bytes (docs/protocols/files.md §3.2). Not what they mean. */
import { concat } from '@sealane/shared/bytes';
import { ProtocolError, type ErrorCode } from '@sealane/shared/errors';
import { MESSAGE_BYTES_MAX, MESSAGE_LENGTH_BYTES } from './messages.ts';

/** What is read from: a ChannelStream, or bytes in tests. */
export interface ReadableStreamOfBytes {
  /** The next bytes, or undefined at the end. */
  read(): Promise<Uint8Array | undefined>;
}

const NOTHING = new Uint8Array(0);

export class TransferReader {
  readonly #stream: ReadableStreamOfBytes;
  #rest: Uint8Array = NOTHING;

  constructor(stream: ReadableStreamOfBytes) {
    this.#stream = stream;
  }

  /**
   * The body of the next framed message.
   *
   * @param tooLong the code for a length past the limit, where more than a broken message may be the reason.
   * @throws ProtocolError `E_BAD_REQUEST` or `tooLong`; `E_STREAM_RESET` when the stream ends before.
   */
  async message(tooLong: ErrorCode = 'E_BAD_REQUEST'): Promise<Uint8Array> {
    const header = await this.#exactly(MESSAGE_LENGTH_BYTES);
    const length = new DataView(header.buffer, header.byteOffset).getUint32(0);
    if (length > MESSAGE_BYTES_MAX) throw new ProtocolError(tooLong);
    return await this.#exactly(length);
  }

  /**
   * Raw bytes: what is there, at most `bytesMax`.
   *
   * @throws ProtocolError `E_STREAM_RESET` when the stream ends before.
   */
  async raw(bytesMax: number): Promise<Uint8Array> {
    const piece = await this.#next();
    this.#rest = piece.subarray(bytesMax);
    return piece.subarray(0, bytesMax);
  }

  /** Waits for the end of the stream. @throws ProtocolError with `code` when something else comes. */
  async end(code: ErrorCode): Promise<void> {
    if (this.#rest.length > 0 || (await this.#stream.read()) !== undefined) throw new ProtocolError(code);
  }

  async #exactly(size: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for (let missing = size; missing > 0;) {
      const piece = await this.raw(missing);
      pieces.push(piece);
      missing -= piece.length;
    }
    return pieces.length === 1 ? (pieces[0] ?? NOTHING) : concat(...pieces);
  }

  async #next(): Promise<Uint8Array> {
    const rest = this.#rest;
    this.#rest = NOTHING;
    if (rest.length > 0) return rest;
    const piece = await this.#stream.read();
    if (piece === undefined) throw new ProtocolError('E_STREAM_RESET', 'the stream ended in the middle of a transfer');
    return piece;
  }
}
