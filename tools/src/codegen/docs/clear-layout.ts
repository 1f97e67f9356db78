/** Where each field of a clear packet stands, with and without the field that may be absent. */
import type { ClearPacketSpec, FixedField } from '@sealane/shared/packets';

/** A field and the offsets, from the start of the body, at which it can stand. */
export interface PlacedField extends FixedField {
  readonly offsets: readonly number[];
}

/** The fields of a clear packet, its id first. */
export function clearLayout(spec: ClearPacketSpec): readonly PlacedField[] {
  const id: PlacedField = { name: 'id', size: 1, meaning: 'The id of this packet.', offsets: [0] };
  const placed: PlacedField[] = [id];
  let offsets: readonly number[] = [1];
  for (const field of spec.layout) {
    const { size } = field;
    placed.push({ ...field, offsets });
    if (size === 'rest') continue;
    const after = offsets.map((offset) => offset + size);
    offsets = field.presentWhen === undefined ? after : [...offsets, ...after];
  }
  return placed;
}
