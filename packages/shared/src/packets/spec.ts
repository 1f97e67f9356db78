/**
 * The language in which packets are stated, once each (`docs/packets/README.md`).
 *
 * From a spec come the TypeScript type (here), the codec, the docs page, the registry, the dissector and the vectors
 * (`tools/src/codegen`). Fields are positional: their order here is their order on the wire, and it never changes.
 * This is not the codec: nothing here runs when packets travel.
 */

/** Who may send a packet. */
export type Sender = 'agent' | 'server' | 'both';

/** An unsigned integer from `min` to `max`, both inclusive. */
export interface UintField {
  readonly kind: 'uint';
  readonly min: number;
  readonly max: number;
  /** What one counts: `ms`, `bytes`, `streams`; empty for ids and codes. */
  readonly unit: string;
  readonly meaning: string;
}

/** True or false. */
export interface BoolField {
  readonly kind: 'bool';
  readonly meaning: string;
}

/** A byte string of `min` to `max` bytes. */
export interface BytesField {
  readonly kind: 'bytes';
  readonly min: number;
  readonly max: number;
  readonly meaning: string;
}

/** Valid UTF-8 of `min` to `max` bytes. */
export interface TextField {
  readonly kind: 'text';
  readonly min: number;
  readonly max: number;
  readonly meaning: string;
}

/** A list of at most `maxCount` elements of one kind. */
export interface ListField {
  readonly kind: 'list';
  readonly element: BytesField;
  readonly maxCount: number;
  readonly meaning: string;
}

type RequiredField = UintField | BoolField | BytesField | TextField | ListField;

/** A field that may be nil; at the end of the array it may be missing. */
export interface OptionalField<Inner extends RequiredField = RequiredField> {
  readonly kind: 'optional';
  readonly inner: Inner;
  readonly meaning: string;
}

/** One field of a packet. */
export type Field = RequiredField | OptionalField;

/** Fields by name, in wire order. */
export type Fields = Readonly<Record<string, Field>>;

/** The value that a field has in TypeScript. */
export type FieldValue<F extends Field> =
  F extends OptionalField<infer Inner>
    ? RequiredValue<Inner> | null
    : F extends RequiredField
      ? RequiredValue<F>
      : never;

type RequiredValue<F extends RequiredField> = F extends UintField
  ? number
  : F extends BoolField
    ? boolean
    : F extends BytesField
      ? Uint8Array
      : F extends TextField
        ? string
        : readonly Uint8Array[];

/** The object that a set of fields becomes. */
export type ValuesOf<F extends Fields> = { readonly [Name in keyof F]: FieldValue<F[Name]> };

/** A packet of the session: `[id u8][length u24][msgpack array]` inside a record. */
export interface PacketSpec {
  readonly id: number;
  /** Title, as in the docs: `Stream Open`. */
  readonly name: string;
  /** First wire version that has it. */
  readonly since: number;
  readonly sender: Sender;
  /** One or two sentences: what it is for. */
  readonly summary: string;
  /** The normative page that says when it may be sent, relative to `docs/`. */
  readonly page: string;
  readonly fields: Fields;
}

/** The object that a packet becomes: its id and its fields. */
export type PacketOf<Spec extends PacketSpec> = { readonly id: Spec['id'] } & ValuesOf<Spec['fields']>;

/** States a packet. @throws RangeError when the spec contradicts itself. */
export function definePacket<const Spec extends PacketSpec>(spec: Spec): Spec {
  if (!Number.isInteger(spec.id) || spec.id < 0x01 || spec.id > 0xff)
    throw new RangeError(`"id" of ${spec.name} is no u8`);
  return spec;
}

/** A sealed payload of the handshake: a msgpack array without a packet header. */
export interface PayloadSpec {
  /** The clear packet that carries it. */
  readonly carrier: number;
  readonly name: string;
  readonly since: number;
  readonly sender: Sender;
  readonly summary: string;
  readonly page: string;
  readonly fields: Fields;
}

/** States a sealed payload of the handshake. */
export function definePayload<const Spec extends PayloadSpec>(spec: Spec): Spec {
  return spec;
}

/** One field of a clear packet: bytes at a fixed place. */
export interface FixedField {
  readonly name: string;
  /** Bytes; `'rest'` for the last field, whose size is what remains of the frame. */
  readonly size: number | 'rest';
  /** Where the field may be absent: under which condition it is there. */
  readonly presentWhen?: string;
  readonly meaning: string;
}

/** A packet of the handshake that travels in clear as the body of a frame, id byte first. */
export interface ClearPacketSpec {
  readonly id: number;
  readonly name: string;
  readonly since: number;
  readonly sender: Sender;
  readonly summary: string;
  readonly page: string;
  /** Fields after the id byte, in order. */
  readonly layout: readonly FixedField[];
}

/** States a clear packet of the handshake. */
export function defineClearPacket<const Spec extends ClearPacketSpec>(spec: Spec): Spec {
  return spec;
}

/** An unsigned integer; `min` is 0 unless told. */
export function uint(options: { min?: number; max: number; unit?: string; meaning: string }): UintField {
  return { kind: 'uint', min: options.min ?? 0, max: options.max, unit: options.unit ?? '', meaning: options.meaning };
}

/** True or false. */
export function bool(options: { meaning: string }): BoolField {
  return { kind: 'bool', meaning: options.meaning };
}

/** A byte string; either `size` exactly, or from `min` (0 unless told) to `max` bytes. */
export function bytes(
  options: { size: number; meaning: string } | { min?: number; max: number; meaning: string },
): BytesField {
  if ('size' in options) return { kind: 'bytes', min: options.size, max: options.size, meaning: options.meaning };
  return { kind: 'bytes', min: options.min ?? 0, max: options.max, meaning: options.meaning };
}

/** A text of `min` (1 unless told) to `max` bytes of UTF-8. */
export function text(options: { min?: number; max: number; meaning: string }): TextField {
  return { kind: 'text', min: options.min ?? 1, max: options.max, meaning: options.meaning };
}

/** A list of byte strings. */
export function list(element: BytesField, options: { maxCount: number; meaning: string }): ListField {
  return { kind: 'list', element, maxCount: options.maxCount, meaning: options.meaning };
}

/** Lets a field be nil. */
export function optional<Inner extends RequiredField>(inner: Inner): OptionalField<Inner> {
  return { kind: 'optional', inner, meaning: inner.meaning };
}
