/** Calls of links (docs/protocols/messaging.md §10). Link Open is for devices that are logged in, listed or not. */
import type { LinkOpen, LinkPost, Stored } from '@sealane/shared/packets';
import type { ActingDevice, ServiceEnvironment } from '../devices.ts';
import type { Links } from '../links/links.ts';
import type { CallHandlers } from './call-handler.ts';

export interface LinkServices {
  readonly links: Links;
  readonly environment: ServiceEnvironment;
}

export const LINK_CALLS: CallHandlers<LinkServices, 0x57 | 0x58> = {
  0x57: open,
  0x58: post,
};

async function open({ links, environment }: LinkServices, device: ActingDevice, packet: LinkOpen): Promise<Stored> {
  await links.open(device, packet.link.slice());
  return { id: 0x4f, call: packet.call, sequence: 0, epoch: 0, at: environment.wallClock() };
}

async function post({ links, environment }: LinkServices, device: ActingDevice, packet: LinkPost): Promise<Stored> {
  await links.post(device, packet.link.slice(), packet.body.slice());
  return { id: 0x4f, call: packet.call, sequence: 0, epoch: 0, at: environment.wallClock() };
}
