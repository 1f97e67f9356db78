/**
 * Serves a directory to agents: takes the files they put and sends those they get (docs/protocols/files.md). Every name
 * is one plain file in that directory; there are no folders, no links are followed, and nothing is ever replaced.
 */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { escapeText } from '@sealane/shared/bytes';
import type { ChannelStream, StreamHandler } from '@sealane/shared/channel';
import { ConfigError, ProtocolError, SealaneError, StorageError } from '@sealane/shared/errors';
import { explained } from '../config/index.ts';
import { makeDirectories } from '../keys/index.ts';
import type { Logger } from '../log/index.ts';
import { monotonicNow } from '../transport/index.ts';
import { openDestination } from './destination.ts';
import { storageFault } from './file-faults.ts';
import { checkedFileName } from './file-name.ts';
import { DEFAULT_FILE_LIMITS, type FileLimits } from './limits.ts';
import { decodeOffer, decodeWanted, encodeHolding, GET_STREAM, PUT_STREAM, type Offer } from './messages.ts';
import { PartialDirectory } from './partial-directory.ts';
import { confirmContent, receiveContent, type ReceivedContent } from './receive-content.ts';
import { sendContent } from './send-content.ts';
import { SourceFile } from './source-file.ts';
import { StorageQuota } from './storage-quota.ts';
import { TransferReader } from './transfer-reader.ts';
import { TransferSlots } from './transfer-slots.ts';
import { watchedTransfer, type TransferResult, type TransferWatch } from './transfer.ts';

/** What is served, and to whom. */
export interface ReceiveFilesOptions<Peer> {
  /** Where finished files are. Created where it is missing. */
  readonly directory: string;
  /** The id of the agent at the other end. */
  readonly agentIdOf: (peer: Peer) => string;
  readonly log: Logger;
  /** What differs from `DEFAULT_FILE_LIMITS`. */
  readonly limits?: Partial<FileLimits>;
  /** Permission bits of received files, less those of the umask; default 0640. */
  readonly mode?: number;
}

/** Where stream handlers are registered: a HandlerSet, or a server. */
export interface StreamHandlers<Peer> {
  handleStream(name: string, handler: StreamHandler<Peer>): unknown;
}

/** A directory being served. */
export interface FileService {
  /** The directory, without links in its path. */
  readonly directory: string;
  /** Transfers under way. */
  readonly transferCount: number;
  /** Stops looking for abandoned parts. Transfers end with their connections. */
  close(): void;
}

/** One transfer and whose it is. */
interface Transfer {
  readonly stream: ChannelStream;
  readonly agentId: string;
  readonly watch: TransferWatch;
}

const RECEIVED_MODE_DEFAULT = 0o640;
const DIRECTORY_MODE = 0o750;

/**
 * Registers the handlers of both directions.
 *
 * @throws ConfigError `E_CONFIG` when the directory cannot be used, StorageError where there can be none; RangeError when
 *   the streams have handlers.
 * @example
 * const files = await receiveFiles(handlers, { directory: 'inbox', agentIdOf: (peer) => peer.agentId, log });
 */
export async function receiveFiles<Peer>(
  handlers: StreamHandlers<Peer>,
  options: ReceiveFilesOptions<Peer>,
): Promise<FileService> {
  const server = new FileServer(openDirectory(options.directory), options);
  handlers.handleStream(PUT_STREAM, (stream, peer) => server.serve('put', stream, options.agentIdOf(peer)));
  handlers.handleStream(GET_STREAM, (stream, peer) => server.serve('get', stream, options.agentIdOf(peer)));
  await server.expire();
  return server;
}

class FileServer implements FileService {
  readonly directory: string;
  readonly #options: Pick<ReceiveFilesOptions<unknown>, 'log' | 'mode'>;
  readonly #limits: FileLimits;
  readonly #partials: PartialDirectory;
  readonly #quota: StorageQuota;
  readonly #slots: TransferSlots;
  readonly #expiryTimer: NodeJS.Timeout;

  constructor(directory: string, options: Pick<ReceiveFilesOptions<unknown>, 'log' | 'mode' | 'limits'>) {
    const limits = { ...DEFAULT_FILE_LIMITS, ...options.limits };
    this.directory = directory;
    this.#options = options;
    this.#limits = limits;
    this.#partials = new PartialDirectory(directory);
    const { quotaBytes: bytesMax, filesMax } = limits;
    this.#quota = new StorageQuota({ directory, partials: this.#partials, bytesMax, filesMax, now: monotonicNow });
    this.#slots = new TransferSlots(limits);
    this.#expiryTimer = setInterval(() => void this.expire(), limits.expiryIntervalMs).unref();
  }

  get transferCount(): number {
    return this.#slots.count;
  }

  close(): void {
    clearInterval(this.#expiryTimer);
  }

  /** Removes abandoned parts; a failure is logged, for the next look may work. */
  async expire(): Promise<void> {
    try {
      const count = await this.#partials.expire(this.#limits.partialAgeMs);
      if (count > 0) this.#options.log.info('abandoned unfinished files removed', { count });
    } catch (error) {
      this.#options.log.warn('looking for abandoned unfinished files failed', { error });
    }
  }

  /** One stream of an agent, until its end. @throws only what is a fault of this program. */
  async serve(direction: 'put' | 'get', stream: ChannelStream, agentId: string): Promise<void> {
    const { log } = this.#options;
    try {
      const result = await watchedTransfer(stream, this.#limits, (watch) =>
        direction === 'put' ? this.#put(stream, agentId, watch) : this.#get(stream, agentId, watch),
      );
      log.info(`file ${direction}`, { agent: agentId, ...result, name: escapeText(result.name) });
    } catch (error) {
      if (!(error instanceof SealaneError)) throw error;
      const fields = { agent: agentId, code: error.code, reason: error.message };
      const { directory } = this;
      if (error instanceof StorageError) log.warn(`file ${direction} failed on this side`, { ...fields, directory });
      else log.info(`file ${direction} ended early`, fields);
    }
  }

  async #put(stream: ChannelStream, agentId: string, watch: TransferWatch): Promise<TransferResult> {
    const offer = decodeOffer(stream.metadata);
    const name = checkedFileName(offer.name);
    const received = await this.#store(offer, { stream, agentId, watch });
    await confirmContent(stream, received);
    return { name, ...received.outcome };
  }

  /** When it returns, name, room and part are free again. */
  async #store({ name, sizeBytes }: Offer, transfer: Transfer): Promise<ReceivedContent> {
    const { stream, agentId, watch } = transfer;
    if (sizeBytes > this.#limits.fileBytesMax) throw new ProtocolError('E_FILE_TOO_LARGE');
    using _slot = this.#slots.take(agentId);
    using _name = this.#slots.takeName(name);
    this.#makeAgain();
    const owner = { owner: agentId, name };
    const destination = await openDestination({
      target: join(this.directory, name),
      partials: this.#partials,
      owner,
      mode: this.#options.mode ?? RECEIVED_MODE_DEFAULT,
      announcedBytes: sizeBytes,
      proceed: () => watch.proceed(),
    });
    const { partial } = destination;
    try {
      const room = partial && (await this.#quota.reserve(this.#partials.keyOf(owner), sizeBytes));
      try {
        await stream.write(encodeHolding(destination.holding));
        const onStart = (start: { readonly sizeBytes: number }): void => {
          if (start.sizeBytes !== sizeBytes) throw new ProtocolError('E_BAD_REQUEST', 'another size than offered');
        };
        const reader = new TransferReader(stream);
        return await receiveContent({ reader, destination, onStart, watch });
      } finally {
        await partial?.close();
        if (partial !== undefined) room?.settle(partial.remains);
      }
    } finally {
      await partial?.close();
    }
  }

  /** The directory may be gone since the start. @throws StorageError where it cannot be made again. */
  #makeAgain(): void {
    const { directory } = this;
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) return;
    try {
      makeDirectories(directory, DIRECTORY_MODE);
    } catch (error) {
      throw storageFault(`Cannot make the directory for files, ${directory}`, error);
    }
    this.#options.log.warn('the directory for files was gone, and is made again', { directory });
  }

  async #get(stream: ChannelStream, agentId: string, watch: TransferWatch): Promise<TransferResult> {
    using _slot = this.#slots.take(agentId);
    const { holding, ...wanted } = decodeWanted(stream.metadata);
    const name = checkedFileName(wanted.name);
    const source = await SourceFile.open(join(this.directory, name), { followLinks: false });
    try {
      const reader = new TransferReader(stream);
      return { name, ...(await sendContent({ stream, reader, source, holding, watch })) };
    } finally {
      await source.close();
    }
  }
}

function openDirectory(directory: string): string {
  try {
    makeDirectories(directory, DIRECTORY_MODE);
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    return realpathSync(directory);
  } catch (cause) {
    if (cause instanceof StorageError) throw cause;
    const error = new ConfigError('E_CONFIG', `The directory for files, ${directory}, cannot be used`, { cause });
    throw explained(error, { next: 'Give --receive a directory that this user may read and write.' });
  }
}
