/**
 * MessageServices: everything of messaging that moves messages: queues, groups, key packages, blobs and links, as one thing that
 * starts, stops, and hears what becomes of devices. Who a device is, and whether it may, others have judged before.
 */
import { utf8Encode } from '@sealane/shared/bytes';
import type { AnswerOf, CallOf } from '@sealane/shared/items';
import type { LimitPreset } from '../config/index.ts';
import type { Store } from '../store/index.ts';
import type { BlobFiles } from './blobs/blob-files.ts';
import { blobLimitsOf, type BlobLimits } from './blobs/blob-limits.ts';
import { Blobs } from './blobs/blobs.ts';
import { BLOB_CALLS } from './calls/blob-calls.ts';
import type { CallHandlers } from './calls/call-handler.ts';
import { GROUP_CALLS } from './calls/group-calls.ts';
import { KEY_PACKAGE_CALLS } from './calls/key-package-calls.ts';
import { LINK_CALLS } from './calls/link-calls.ts';
import type { ActingDevice, ListedDevices, ServiceEnvironment } from './devices.ts';
import { groupLimitsOf, type GroupLimits } from './groups/group-limits.ts';
import { Groups } from './groups/groups.ts';
import { keyPackageLimitsOf } from './key-packages/key-package-limits.ts';
import { KeyPackages } from './key-packages/key-packages.ts';
import { Links } from './links/links.ts';
import { MessageQueues, type MessageQueuesOptions } from './queues/message-queues.ts';
import type { ServiceStore } from './store/service-store.ts';

export interface MessageServicesOptions {
  /** The store of events; its owner opens and closes it. */
  readonly events: Pick<Store, 'openQueue' | 'deleteQueue' | 'publish'>;
  /** Opened and closed by its owner, too. */
  readonly store: ServiceStore;
  readonly files: BlobFiles;
  readonly devices: ListedDevices;
  readonly environment: ServiceEnvironment;
  readonly preset: LimitPreset;
  /** Limits that differ from those of the preset. */
  readonly limits?: Partial<GroupLimits & BlobLimits>;
  readonly onTransient: MessageQueuesOptions['onTransient'];
  readonly onDamaged: MessageQueuesOptions['onDamaged'];
}

/** Ids of the calls that are answered here. */
export type MessageCallId = 0x4a | 0x4b | 0x4d | 0x4e | 0x50 | 0x52 | 0x53 | 0x54 | 0x57 | 0x58;

const CALLS: CallHandlers<MessageServices, MessageCallId> = {
  ...KEY_PACKAGE_CALLS,
  ...GROUP_CALLS,
  ...BLOB_CALLS,
  ...LINK_CALLS,
};

export class MessageServices {
  readonly environment: ServiceEnvironment;
  readonly queues: MessageQueues;
  readonly groups: Groups;
  readonly keyPackages: KeyPackages;
  readonly blobs: Blobs;
  readonly links: Links;
  readonly #retentionMs: number;

  constructor(options: MessageServicesOptions) {
    const { events, store, files, devices, environment, preset, limits, onTransient, onDamaged } = options;
    const groupLimits = { ...groupLimitsOf(preset), ...limits };
    const { pendingMax, busyRetryMs, retentionMs } = groupLimits;
    const hooks = { onTransient, onDamaged };
    const queues = new MessageQueues({ events, store, devices, environment, pendingMax, busyRetryMs, ...hooks });
    this.environment = environment;
    this.queues = queues;
    this.groups = new Groups({ store, queues, environment, limits: groupLimits });
    this.keyPackages = new KeyPackages({ store, devices, environment, limits: keyPackageLimitsOf(preset) });
    this.blobs = new Blobs({ store, files, environment, limits: { ...blobLimitsOf(preset), ...limits } });
    this.links = new Links({ queues, environment });
    this.#retentionMs = retentionMs;
  }

  /** Begins, with what a crash left. The stores are open. @throws StorageError. */
  async start(): Promise<void> {
    await this.blobs.start();
    await this.queues.start();
    this.groups.start();
  }

  /** Ends, before the stores are closed. What was promised and not published is published at the next start. */
  stop(): void {
    this.links.stop();
    this.groups.stop();
    this.blobs.stop();
    this.queues.stop();
  }

  /** Answers a call of a device that may make it. @throws CallError, StorageError. */
  answer<Id extends MessageCallId>(id: Id, device: ActingDevice, packet: CallOf<Id>): Promise<AnswerOf<Id>> {
    return CALLS[id](this, device, packet);
  }

  /** The log of an account lists a device. @throws StorageError. */
  async onListed(agentId: string): Promise<void> {
    await this.queues.openFor(agentId);
  }

  /** A device is listed no more: from here on it gets nothing and may do nothing. @throws StorageError. */
  async onRevoked(agentId: string): Promise<void> {
    await Promise.all([this.queues.closeFor(agentId), this.groups.drop(agentId), this.keyPackages.drop(agentId)]);
  }

  /** An account ended, and with it its devices. @throws StorageError. */
  async onAccountEnded(accountId: Uint8Array, agentIds: readonly string[]): Promise<void> {
    for (const agentId of agentIds) await this.onRevoked(agentId);
    await this.blobs.dropUploads(accountId);
  }

  /**
   * The log of an account has grown: its devices and all that share a group with it are told (§4.8).
   *
   * @param agentIds the devices of the account.
   * @throws StorageError.
   */
  async onLogGrown(
    account: { readonly accountId: Uint8Array; readonly username: string; readonly statementCount: number },
    agentIds: readonly string[],
  ): Promise<void> {
    const recipients = [...new Set([...agentIds, ...(await this.groups.around(account.accountId))])];
    const at = this.environment.wallClock();
    const place = { group: null, epoch: 0, messageId: null, sequence: account.statementCount };
    const body = utf8Encode(account.username);
    const expiresAt = at + this.#retentionMs;
    await this.queues.send([{ kind: 'account', ...place, at, expiresAt, body, blob: null, recipients }]);
  }
}
