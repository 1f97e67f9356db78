/** OutboxSender: rows of the outbox as calls; what is too large for its packet goes ahead as a blob. */
import { utf8Encode } from '@sealane/shared/bytes';
import { INLINE_BYTES_MAX } from '@sealane/shared/packets';
import type { Blobs } from './blobs.ts';
import type { StoredAnswer } from './call-failure.ts';
import { linesOf } from './ids.ts';
import type { CallServer } from './messaging-connection.ts';
import type { OutboxRow } from './tables.ts';

const NOTHING = new Uint8Array(0);

export class OutboxSender {
  readonly #call: CallServer;
  readonly #blobs: Blobs;

  constructor(call: CallServer, blobs: Blobs) {
    this.#call = call;
    this.#blobs = blobs;
  }

  message({ group, epoch, write, messageId, body, ttlMs }: OutboxRow): Promise<StoredAnswer> {
    return this.#call(0x4e, { group, epoch, write, messageId, body, ttlMs, isTransient: false });
  }

  async commit(row: OutboxRow): Promise<StoredAnswer> {
    const { group, epoch, write, messageId, isExternal } = row;
    const commit = await this.#placed(row.body, row.commitBlob);
    const welcome = await this.#placed(row.welcome, row.welcomeBlob);
    if (row.groupInfo.length > 0) await this.#blobs.put(row.groupInfoBlob, row.groupInfo);
    return await this.#call(0x4d, {
      group,
      epoch,
      write,
      messageId,
      commit: commit.bytes,
      commitBlob: commit.blob,
      welcome: welcome.bytes,
      welcomeBlob: welcome.blob,
      groupInfoBlob: row.groupInfo.length > 0 ? row.groupInfoBlob : null,
      added: linesOf(row.added).map(utf8Encode),
      removed: linesOf(row.removed).map(utf8Encode),
      isExternal: isExternal === 1,
    });
  }

  /** Inline where it fits, else uploaded. */
  async #placed(bytes: Uint8Array, blob: Uint8Array): Promise<{ bytes: Uint8Array; blob: Uint8Array | null }> {
    if (bytes.length <= INLINE_BYTES_MAX) return { bytes, blob: null };
    await this.#blobs.put(blob, bytes);
    return { bytes: NOTHING, blob };
  }
}
