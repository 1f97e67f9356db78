/** StateTable: reads docs/protocols/states.md, so that tests hold implementations against what is written there. */
import type { SessionState } from '../session/index.ts';

type Side = 'agent' | 'server';

/** Columns of the tables. */
export type TableState = Exclude<SessionState, 'Closed'> | 'Open, key update';

/** What a side does with a packet. */
export interface StateCell {
  /** Whether it goes on where the packet continues or answers something that is there. */
  readonly ifThere: 'taken' | 'ignored' | 'ended';
  /** What it does where there is nothing: goes on, ends as the packet says, or ends with this code. */
  readonly first: 'goes on' | 'ended' | `E_${string}`;
}

const SIDE_OF: Readonly<Record<string, Side>> = { 'What a server takes': 'server', 'What an agent takes': 'agent' };
const CELLS: Readonly<Record<string, StateCell>> = {
  taken: { ifThere: 'taken', first: 'goes on' },
  ignored: { ifThere: 'ignored', first: 'goes on' },
  'taken, else ignored': { ifThere: 'taken', first: 'goes on' },
  end: { ifThere: 'ended', first: 'ended' },
};
const CODE = /^(taken, else )?`(E_[A-Z_]+)`$/;
const PACKET = /^\[0x([0-9A-F]{2}) ([^\]]+)\]\(\S+\)$/;
const ANY_OTHER = 'any other id';

interface SideTable {
  readonly states: readonly TableState[];
  /** Rows by id; undefined stands for any other. */
  readonly rows: Map<number | undefined, readonly StateCell[]>;
  readonly names: Map<number, string>;
}

/** The two tables of docs/protocols/states.md: what each side does with every packet in every state. */
export class StateTable {
  readonly #sides: ReadonlyMap<Side, SideTable>;

  private constructor(sides: ReadonlyMap<Side, SideTable>) {
    this.#sides = sides;
  }

  /** @param markdown text of the page. @throws Error for a page that is not understood. */
  static parse(markdown: string): StateTable {
    const sides = new Map<Side, SideTable>();
    for (const section of markdown.split(/^## §\d+ /m)) {
      const side = SIDE_OF[section.slice(0, section.indexOf('\n'))];
      if (side !== undefined) sides.set(side, parseTable(section));
    }
    if (sides.size !== 2) throw new Error('the page has no table for each side');
    return new StateTable(sides);
  }

  /** The columns of a side. */
  states(side: Side): readonly TableState[] {
    return this.#side(side).states;
  }

  /** Ids with a row of their own, and their names. */
  names(side: Side): ReadonlyMap<number, string> {
    return this.#side(side).names;
  }

  /** What the side does with an id in a state; ids without a row are those of the last one. */
  cell(side: Side, state: TableState, id: number): StateCell {
    const { rows, states } = this.#side(side);
    const cell = (rows.get(id) ?? rows.get(undefined))?.[states.indexOf(state)];
    if (cell === undefined) throw new Error(`no cell for ${state} of a ${side}`);
    return cell;
  }

  /** What any id gets that has no row. */
  otherCell(side: Side, state: TableState): StateCell {
    return this.cell(side, state, -1);
  }

  #side(side: Side): SideTable {
    const table = this.#sides.get(side);
    if (table === undefined) throw new Error(`no table for a ${side}`);
    return table;
  }
}

function parseTable(section: string): SideTable {
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  const [head = [], , ...body] = lines.map((line) => line.split('|').slice(1, -1));
  const states = head.slice(1).map((title) => title.trim() as TableState);
  const rows = new Map<number | undefined, readonly StateCell[]>();
  const names = new Map<number, string>();
  for (const [first = '', ...cells] of body) {
    const [, hex, name = ''] = PACKET.exec(first.trim()) ?? [];
    const id = hex === undefined ? undefined : Number.parseInt(hex, 16);
    if (id === undefined && first.trim() !== ANY_OTHER) throw new Error(`no packet: ${first}`);
    if (rows.has(id)) throw new Error(`two rows for ${first}`);
    if (cells.length !== states.length) throw new Error(`${cells.length} cells for ${first}`);
    rows.set(id, cells.map(parseCell));
    if (id !== undefined) names.set(id, name);
  }
  return { states, rows, names };
}

function parseCell(text: string): StateCell {
  const word = text.trim();
  const known = CELLS[word];
  if (known !== undefined) return known;
  const [, taken, code] = CODE.exec(word) ?? [];
  if (code === undefined) throw new Error(`no cell: ${word}`);
  return { ifThere: taken === undefined ? 'ended' : 'taken', first: code as `E_${string}` };
}
