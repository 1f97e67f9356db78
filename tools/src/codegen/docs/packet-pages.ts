/** Generates one page for each packet: `docs/packets/0xNN_name.md`. */
import {
  CLEAR_PACKET_SPECS,
  PACKET_SPECS,
  PAYLOAD_SPECS,
  PACKET_HEADER_BYTES,
  type ClearPacketSpec,
  type Fields,
  type PacketSpec,
  type PayloadSpec,
  type Sender,
} from '@sealane/shared/packets';
import { hexId, requiredCount, requiredOf, snakeCase, type GeneratedFile } from '../generated-file.ts';
import { validCases, type VectorFields } from '../vector-cases.ts';
import { array, element, packet } from '../vector-encoder.ts';
import { clearLayout } from './clear-layout.ts';
import { clauseLink, number, page, range, table, textBlock } from './markdown.ts';

const SENDERS: Readonly<Record<Sender, string>> = {
  agent: 'agent → server',
  server: 'server → agent',
  both: 'both directions',
};

/** All pages of packets. */
export async function generatePacketPages(): Promise<readonly GeneratedFile[]> {
  const clear = CLEAR_PACKET_SPECS.map((spec) => page(`docs/packets/${pageName(spec)}`, source(spec), clearPage(spec)));
  const sealed = PACKET_SPECS.map((spec) => page(`docs/packets/${pageName(spec)}`, source(spec), packetPage(spec)));
  return Promise.all([...clear, ...sealed]);
}

/** `0x10_stream_open.md`. */
export function pageName(spec: { readonly id: number; readonly name: string }): string {
  return `${hexId(spec.id).toLowerCase()}_${snakeCase(spec.name)}.md`;
}

/** `both directions` and the like. */
export function direction(sender: Sender): string {
  return SENDERS[sender];
}

function source(spec: { readonly id: number; readonly name: string }): string {
  return `packages/shared/src/packets/specs/${hexId(spec.id).toLowerCase()}-${spec.name.toLowerCase().replaceAll(' ', '-')}.ts`;
}

function packetPage(spec: PacketSpec): readonly string[] {
  const [{ fields }] = validCases(spec.fields);
  return [
    `# ${hexId(spec.id)} ${spec.name}`,
    spec.summary,
    facts(spec, 'inside a record, with the [header of packets](README.md#layout)'),
    '## Fields',
    fieldTable(spec.fields),
    fieldNotes(spec.fields),
    `The largest packet of this version has ${number(largestBody(spec.fields) + PACKET_HEADER_BYTES)} bytes, header included.`,
    '## Example',
    textBlock(annotated(spec.id, fields)),
  ];
}

function clearPage(spec: ClearPacketSpec): readonly string[] {
  const rows = clearLayout(spec).map(({ name, size, offsets, presentWhen, meaning }) => [
    offsets.map(number).join(' or '),
    size === 'rest' ? 'n + 16' : number(size),
    `\`${name}\``,
    presentWhen === undefined ? meaning : `${meaning} Present when ${presentWhen}.`,
  ]);
  return [
    `# ${hexId(spec.id)} ${spec.name}`,
    spec.summary,
    facts(spec, 'in clear: the body of a frame ([records §1](../protocols/records.md#1-frames))'),
    '## Layout',
    'Offsets and sizes in bytes, from the start of the body. Numbers are big-endian.',
    table(['offset', 'size', 'field', 'meaning'], rows),
    ...PAYLOAD_SPECS.filter(({ carrier }) => carrier === spec.id).flatMap(payloadSection),
  ];
}

function payloadSection(payload: PayloadSpec): readonly string[] {
  const [{ fields }] = validCases(payload.fields);
  return [
    '## Payload',
    `${payload.summary} It is a msgpack array in the [language of fields](README.md#fields), without a header.`,
    fieldTable(payload.fields),
    fieldNotes(payload.fields),
    '### Example of the payload, before it is sealed',
    textBlock(annotated(undefined, fields)),
  ];
}

function facts(spec: { id: number; sender: Sender; since: number; page: string }, travels: string): string {
  return table(
    ['', ''],
    [
      ['id', `\`${hexId(spec.id)}\``],
      ['direction', direction(spec.sender)],
      ['since', `wire version ${spec.since}`],
      ['travels', travels],
      ['rules', clauseLink(spec.page)],
    ],
  );
}

function fieldTable(fields: Fields): string {
  const rows = Object.entries(fields).map(([name, field], index) => [
    String(index),
    `\`${snakeCase(name)}\``,
    field.kind === 'optional' ? `${field.inner.kind} or nil` : field.kind,
    limits(requiredOf(field)),
    field.meaning,
  ]);
  return table(['#', 'field', 'type', 'limits', 'meaning'], rows);
}

function limits(field: ReturnType<typeof requiredOf>): string {
  switch (field.kind) {
    case 'uint':
      return `${range(field.min, field.max)}${field.unit === '' ? '' : ` ${field.unit}`}`;
    case 'bytes':
    case 'text':
      return `${range(field.min, field.max)} bytes`;
    case 'list':
      return `at most ${number(field.maxCount)} of ${range(field.element.min, field.element.max)} bytes`;
    case 'bool':
      return '';
  }
}

function fieldNotes(fields: Fields): string {
  const count = Object.keys(fields).length;
  const required = requiredCount(Object.values(fields));
  const longer =
    'A field with more bytes or elements than its limit is `E_TOO_LARGE`, every other fault `E_MALFORMED`.';
  if (required === count) return `The array has at least ${count} elements. ${longer}`;
  return `The array has at least ${required} elements; those after them may be missing and count as nil then. ${longer}`;
}

function largestBody(fields: Fields): number {
  const largest = validCases(fields).find(({ name }) => name === 'every field at its maximum');
  return largest?.body.length ?? 0;
}

/** The example byte by byte, what each group means beside it. */
function annotated(id: number | undefined, fields: VectorFields): readonly string[] {
  const entries = Object.entries(fields);
  const elements = entries.map(([, value]) => element(value));
  const body = array(elements);
  const rows: [Uint8Array, string][] = [];
  if (id !== undefined) {
    rows.push([packet(id, body).subarray(0, PACKET_HEADER_BYTES), `id ${hexId(id)}, length ${number(body.length)}`]);
  }
  const elementBytes = elements.reduce((sum, { length }) => sum + length, 0);
  rows.push([body.subarray(0, body.length - elementBytes), `array of ${entries.length}`]);
  elements.forEach((bytes, index) => {
    const [name = '', value = null] = entries[index] ?? [];
    rows.push([bytes, `${snakeCase(name)}${shown(value)}`]);
  });
  return rows.flatMap(([bytes, meaning]) => hexRows(bytes, meaning));
}

const BYTES_PER_ROW = 16;

function hexRows(bytes: Uint8Array, meaning: string): readonly string[] {
  const rows: string[] = [];
  for (let start = 0; start < bytes.length; start += BYTES_PER_ROW) {
    const hex = Array.from(bytes.subarray(start, start + BYTES_PER_ROW), (byte) => byte.toString(16).padStart(2, '0'));
    rows.push(start === 0 ? `${hex.join(' ').padEnd(BYTES_PER_ROW * 3)} ${meaning}` : hex.join(' '));
  }
  return rows;
}

function shown(value: VectorFields[string]): string {
  if (value === null) return ': nil';
  if (typeof value === 'number') return `: ${number(value)}`;
  if (typeof value === 'string') return `: "${value}"`;
  return typeof value === 'boolean' ? `: ${value}` : '';
}
