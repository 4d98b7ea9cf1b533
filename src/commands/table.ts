import { timeFromNow } from '../core/time-words.js';
import { jsonLine, printable } from '../observe/printable.js';
import { systemClock } from '../system.js';
import { type Paint, paintFor } from './color.js';
import type { CommandContext } from './command.js';
import { type Column, cellsOf, cutTo, fitted } from './table-layout.js';

export type Cell = string | number | boolean | null;

/** Rows held back to find out how wide the columns have to be. */
const ROWS_MEASURED_MAX = 200;
const CELL_MAX = 60;

export interface TableColumns<Name extends string> {
  /** In their order. */
  readonly shown: readonly Name[];
  /** What a terminal that is too narrow does without, the least important one first. */
  readonly leastFirst: readonly Name[];
}

/**
 * Prints rows as they come: one JSON object a line, or a table for a person. Returns how many there were.
 *
 * On a terminal the table fits its width, times are told from now, and states have colours; whatever reads a pipe gets all of it, and
 * times as they are.
 */
export async function printRows<Row extends Readonly<Record<string, Cell>>>(
  rows: AsyncIterable<Row>,
  columns: TableColumns<keyof Row & string>,
  { json }: { readonly json?: true },
  context: CommandContext,
): Promise<number> {
  const { print, terminalColumns } = context;
  const style: Style = { widthMax: terminalColumns, paint: paintFor(context), nowMs: systemClock.nowMs() };
  let count = 0;
  let measured: Row[] | undefined = [];
  let layout: readonly Column[] = [];
  for await (const row of rows) {
    count += 1;
    if (json) await print(jsonLine(row));
    else if (measured === undefined) await print(rowLine(row, layout, style));
    else if (measured.push(row) === ROWS_MEASURED_MAX) await flush();
  }
  if (!json && count > 0) await flush();
  return count;

  async function flush(): Promise<void> {
    if (measured === undefined) return;
    const held = measured;
    measured = undefined;
    layout = layoutOf(held, columns, style);
    await print(lineOf(layout.map(({ name, width }) => padded(name, width, style))));
    for (const row of held) await print(rowLine(row, layout, style));
  }
}

interface Style {
  /** Undefined: no terminal. */
  readonly widthMax: number | undefined;
  readonly paint: Paint;
  readonly nowMs: number;
}

/** An id is there to be copied. */
const IDS: readonly string[] = ['id', 'uuid'];

function layoutOf<Row extends Readonly<Record<string, Cell>>>(
  rows: readonly Row[],
  { shown, leastFirst }: TableColumns<keyof Row & string>,
  style: Style,
): readonly Column[] {
  const columns = shown.map((name) => {
    const texts = [name, ...rows.map((row) => textOf(name, row[name] ?? null, style))];
    const width = texts.reduce((max, text) => Math.max(max, lengthOf(text, style)), 0);
    return { name, width, isWhole: IDS.includes(name) };
  });
  return style.widthMax === undefined ? columns : fitted(columns, leastFirst, style.widthMax);
}

const STATES: readonly string[] = ['state', 'status'];

function rowLine(row: Readonly<Record<string, Cell>>, layout: readonly Column[], style: Style): string {
  return lineOf(
    layout.map(({ name, width }) => {
      const cell = padded(textOf(name, row[name] ?? null, style), width, style);
      return STATES.includes(name) ? style.paint(cell) : cell;
    }),
  );
}

function lineOf(cells: readonly string[]): string {
  return cells.join('  ').trimEnd();
}

function padded(text: string, width: number, style: Style): string {
  const shown = style.widthMax === undefined ? text : cutTo(text, width);
  return shown + ' '.repeat(Math.max(0, width - lengthOf(shown, style)));
}

/** Programs that read a pipe count characters. */
function lengthOf(text: string, { widthMax }: Style): number {
  return widthMax === undefined ? [...text].length : cellsOf(text);
}

function textOf(name: string, cell: Cell, { widthMax, nowMs }: Style): string {
  if (cell === null) return '-';
  if (widthMax !== undefined && isTime(name, cell)) return timeFromNow(Date.parse(cell), nowMs);
  const characters = [...printable(String(cell))];
  return characters.length > CELL_MAX ? `${characters.slice(0, CELL_MAX - 1).join('')}…` : characters.join('');
}

function isTime(name: string, cell: Cell): cell is string {
  return name.endsWith('At') && typeof cell === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(cell);
}
