/** Generates `docs/packets/README.md`: the index, and what holds for every packet. */
import {
  CLEAR_PACKET_SPECS,
  CONTENT_TYPE_MSGPACK,
  PACKET_RANGES,
  PACKET_SPECS,
  RETIRED_PACKET_IDS,
  SKIPPED_DEPTH_MAX,
  SKIPPED_ELEMENTS_MAX,
  VALUE_DEPTH_MAX,
  VALUE_ELEMENTS_MAX,
} from '@sealane/shared/packets';
import { hexId, type GeneratedFile } from '../generated-file.ts';
import { number, page, table } from './markdown.ts';
import { direction, pageName } from './packet-pages.ts';

/** The index page. */
export async function generatePacketIndex(): Promise<readonly GeneratedFile[]> {
  return [await page('docs/packets/README.md', 'packages/shared/src/packets', blocks())];
}

function blocks(): readonly string[] {
  return [
    '# Packets',
    'Each packet is stated once, in `packages/shared/src/packets/specs`; its page, its codec, the [registry](../registry.json) ' +
      'and the vectors come from there. When a packet may be sent, the [protocols](../protocols/session.md) say.',
    index(),
    '## Ranges',
    table(
      ['ids', 'about'],
      PACKET_RANGES.map(({ from, to, about }) => [`\`${hexId(from)}\`–\`${hexId(to)}\``, about]),
    ),
    retired(),
    ...layout(),
    ...fields(),
    ...evolution(),
    ...values(),
    ...vectors(),
  ];
}

function index(): string {
  const rows = [...CLEAR_PACKET_SPECS, ...PACKET_SPECS].map((spec) => [
    `\`${hexId(spec.id)}\``,
    `[${spec.name}](${pageName(spec)})`,
    direction(spec.sender),
    String(spec.since),
    spec.summary.replace(/(?<=[.]) .*$/, ''),
  ]);
  return table(['id', 'packet', 'direction', 'since', 'about'], rows);
}

function retired(): string {
  if (RETIRED_PACKET_IDS.length === 0)
    return 'Retired ids: none. A retired id stays listed here with its reason and is never used again.';
  return table(
    ['retired id', 'packet', 'reason'],
    RETIRED_PACKET_IDS.map(({ id, name, reason }) => [`\`${hexId(id)}\``, name, reason]),
  );
}

function layout(): readonly string[] {
  return [
    '## Layout',
    'Packets `0x01` to `0x04` travel in clear, one as the body of one frame; their pages give every offset. All other packets ' +
      'travel in the plaintext of a [record](../protocols/records.md#4-what-a-record-holds), several in a row:',
    table(
      ['offset', 'size', ''],
      [
        ['0', '1', 'id'],
        ['1', '3', 'length of the body, big-endian'],
        ['4', 'length', 'body: one msgpack array, its elements the fields in the order of the page'],
      ],
    ),
    'A body that is longer than what is left of the plaintext, a body that ends before its array, and bytes after the array ' +
      'are `E_MALFORMED`. An id that this page does not list, lists as travelling in clear, or lists since a version later ' +
      'than the one agreed on, is `E_UNKNOWN_PACKET`.',
  ];
}

function fields(): readonly string[] {
  return [
    '## Fields',
    table(
      ['type', 'msgpack formats', 'notes'],
      [
        [
          '`uint`',
          'positive fixint, uint 8/16/32/64; int 8/16/32/64 where not negative',
          'never a float, not even a whole one; never above 2^53 − 1',
        ],
        ['`bool`', 'false, true', ''],
        ['`bytes`', 'bin 8/16/32', 'never str'],
        [
          '`text`',
          'fixstr, str 8/16/32',
          'valid UTF-8, any character, NUL too; whoever shows it escapes it; never bin',
        ],
        ['`list`', 'fixarray, array 16/32', 'of one type'],
        ['`nil`', 'nil', 'only where the page says "or nil"'],
      ],
    ),
    'A sender SHOULD write the smallest form. A receiver MUST take every form listed, also where it is wider than needed, and ' +
      'MUST refuse every other one: maps, extensions, floats, byte 0xC1. It compares a length with its limit before it takes ' +
      'memory for it. Longer than its limit is `E_TOO_LARGE`, every other fault `E_MALFORMED`. A sender writes nil for an ' +
      'optional field that it does not use.',
  ];
}

function evolution(): readonly string[] {
  return [
    '## Evolution',
    'An id means one layout for ever. Fields are only appended, and only optional ones. A receiver ignores elements after ' +
      'the last field that it knows, but reads them as strictly: they are of the types above, nested at most ' +
      `${SKIPPED_DEPTH_MAX} deep, at most ${SKIPPED_ELEMENTS_MAX} of them with all that they hold (else \`E_TOO_LARGE\`). ` +
      'The rules are in [versions §3](../protocols/versions.md#3-growing-within-a-version).',
  ];
}

function values(): readonly string[] {
  return [
    '## Application values',
    `A body of content type \`${CONTENT_TYPE_MSGPACK}\` is exactly one msgpack value: nil, bool, integer from −(2^53 − 1) to 2^53 − 1, float, ` +
      'str (valid UTF-8), bin, array, or map. Keys of maps are text, distinct, and none of `__proto__`, `constructor`, ' +
      `\`prototype\`. Values nest at most ${VALUE_DEPTH_MAX} deep and have at most ${number(VALUE_ELEMENTS_MAX)} array elements and map entries in all. ` +
      'Extensions, byte 0xC1 and bytes after the value are refused. What breaks these rules is the fault of one message ' +
      '(`E_BAD_REQUEST`), not of the connection.',
  ];
}

function vectors(): readonly string[] {
  return [
    '## Vectors',
    '`packages/shared/test/vectors/packets-v1.json`, and one file like it for each later version, holds for every packet and ' +
      'payload that the version added bytes that must be taken and bytes that must be refused, with one thing wrong in each ' +
      'and the error it gives. They are written by msgpackr, not by the codec of this project. The first key of a file says ' +
      'how to read it.',
    '## Reading traffic',
    '`tools/wireshark/sealane.lua` is a dissector for Wireshark: copied to its folder of personal Lua plugins it shows frames, ' +
      'the clear packets of the handshake with their fields, and of records the length, epoch, counter and size. What is ' +
      'sealed stays sealed.',
  ];
}
