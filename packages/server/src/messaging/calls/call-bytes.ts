/** How many bytes a call brought: its fields of bytes, those in lists too. What else is in it is small. */
import type { MessagingCall } from '@sealane/shared/items';

export function callBytes(packet: MessagingCall): number {
  return Object.values(packet)
    .flat()
    .reduce((bytes: number, field: unknown) => (field instanceof Uint8Array ? bytes + field.length : bytes), 0);
}
