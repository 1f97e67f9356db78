/** How commands show what the admin API gives: a JSON line an item, or a table. */
import { escapeText } from '@sealane/shared/bytes';
import type { CommandContext } from '@sealane/node/cli';
import type { Declarations } from '@sealane/node/config';
import { AdminClient, type Method } from './admin-client.ts';
import { cellOf, tableLines, timeOf, type Cell } from './table.ts';

type Item = Readonly<Record<string, unknown>>;

/** A column of a table: its head, and what stands in it. */
export type Column = readonly [head: string, value: (item: Item) => unknown];

/** Prints a list. @param event the kind of the JSON lines. */
export async function printList(
  { output }: CommandContext<Declarations>,
  list: { readonly items: AsyncIterable<Item>; readonly event: string; readonly columns: readonly Column[] },
): Promise<void> {
  const rows: Cell[][] = [];
  for await (const item of list.items) {
    if (output.json) await output.emit({ event: list.event, ...item });
    else rows.push(list.columns.map(([, value]) => cellOf(value(item))));
  }
  if (output.json) return;
  if (rows.length === 0) {
    output.note('None.');
    return;
  }
  const heads = list.columns.map(([head]) => head);
  for (const line of tableLines(heads, rows)) await output.raw(`${line}\n`);
}

/** Asks for one thing to be done, and says that it was. */
export async function printDone(
  context: CommandContext<{ readonly 'data-dir': Declarations[string] }>,
  work: {
    readonly method: Method;
    readonly path: string;
    readonly body?: unknown;
    readonly event: string;
    readonly text: (body: Item) => string;
  },
): Promise<void> {
  const client = new AdminClient(String(context.settings.dataDir));
  const { body } = await client.ask(work.method, work.path, work.body);
  await context.output.emit({ event: work.event, ...body }, work.text(body));
}

/** One thing for people: a line a field, lists indented below their name. */
export function detailLines(item: Item): readonly string[] {
  const names = Object.keys(item).map(wordsOf);
  const width = names.reduce((widest, name) => Math.max(widest, name.length), 0);
  return Object.values(item).flatMap((value, index) => {
    const name = (names[index] ?? '').padEnd(width);
    const field = Object.keys(item)[index] ?? '';
    if (!Array.isArray(value)) return `${name}  ${escapeText(String(detailOf(field, value)))}`;
    if (value.length === 0) return `${name}  -`;
    return value.map((entry: unknown, line) => `${line === 0 ? name : ' '.repeat(width)}  ${entryText(entry)}`);
  });
}

/** `enrolledAt` as `enrolled at`. */
function wordsOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** Times of the API are numbers, and their names end in At. */
function detailOf(field: string, value: unknown): Cell {
  return /(^at|At)$/.test(field) && typeof value === 'number' ? timeOf(value) : cellOf(value);
}

function entryText(entry: unknown): string {
  if (typeof entry !== 'object' || entry === null) return escapeText(String(entry));
  const known = Object.entries(entry).filter(([, value]) => value !== null);
  return escapeText(known.map(([field, value]) => `${wordsOf(field)} ${String(detailOf(field, value))}`).join(', '));
}

/** A word of the command line as part of a path. */
export function segment(word: string | undefined): string {
  return encodeURIComponent(word ?? '');
}
