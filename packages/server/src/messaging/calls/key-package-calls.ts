/** Calls of key packages (docs/protocols/messaging.md §5). */
import type { KeyPackages as KeyPackagesPacket, KeyPackagesClaim, KeyPackagesPublish } from '@sealane/shared/packets';
import { foldUsername } from '@sealane/shared/accounts';
import type { ActingDevice } from '../devices.ts';
import type { KeyPackages } from '../key-packages/key-packages.ts';
import { agentIdsOf, type CallHandlers } from './call-handler.ts';

export interface KeyPackageServices {
  readonly keyPackages: KeyPackages;
}

export const KEY_PACKAGE_CALLS: CallHandlers<KeyPackageServices, 0x4a | 0x4b> = {
  0x4a: publish,
  0x4b: claim,
};

async function publish(
  { keyPackages }: KeyPackageServices,
  device: ActingDevice,
  packet: KeyPackagesPublish,
): Promise<KeyPackagesPacket> {
  const { call, lastResort } = packet;
  const packages = packet.keyPackages.map((bytes) => bytes.slice());
  const waiting = await keyPackages.publish(device, packages, lastResort?.slice() ?? null);
  return { id: 0x4c, call, keyPackages: [], waiting };
}

async function claim(
  { keyPackages }: KeyPackageServices,
  device: ActingDevice,
  packet: KeyPackagesClaim,
): Promise<KeyPackagesPacket> {
  const { call, username, devices } = packet;
  const claimed = await keyPackages.claim(device, { username: foldUsername(username), devices: agentIdsOf(devices) });
  return { id: 0x4c, call, keyPackages: [...claimed], waiting: 0 };
}
