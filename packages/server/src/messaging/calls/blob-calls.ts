/** Calls of blobs (docs/protocols/messaging.md §9). */
import type { BlobOpen, BlobPart, BlobRead, BlobWrite } from '@sealane/shared/packets';
import type { Blobs } from '../blobs/blobs.ts';
import type { ActingDevice } from '../devices.ts';
import type { CallHandlers } from './call-handler.ts';

export interface BlobServices {
  readonly blobs: Blobs;
}

export const BLOB_CALLS: CallHandlers<BlobServices, 0x52 | 0x53 | 0x54> = {
  0x52: open,
  0x53: write,
  0x54: read,
};

const NO_BYTES = new Uint8Array(0);

async function open({ blobs }: BlobServices, device: ActingDevice, packet: BlobOpen): Promise<BlobPart> {
  const { call, blob, size, hash, ttlMs } = packet;
  const state = await blobs.open(device, { id: blob.slice(), size, hash: hash.slice(), ttlMs });
  return { id: 0x55, call, ...state, bytes: NO_BYTES };
}

async function write({ blobs }: BlobServices, device: ActingDevice, packet: BlobWrite): Promise<BlobPart> {
  const { call, blob, position, bytes } = packet;
  const state = await blobs.write(device, { id: blob.slice(), position, bytes: bytes.slice() });
  return { id: 0x55, call, ...state, bytes: NO_BYTES };
}

async function read({ blobs }: BlobServices, _device: ActingDevice, packet: BlobRead): Promise<BlobPart> {
  const { call, blob, position, length } = packet;
  return { id: 0x55, call, ...(await blobs.read(blob.slice(), position, length)) };
}
