import { jsonLine, printable } from '../observe/printable.js';
import type { CommandContext } from './command.js';

export type Cell = string | number | boolean | null;

/** Rows held back to find out how wide the columns have to be. */
const ROWS_MEASURED_MAX = 200;
const CELL_MAX = 60;

/** Prints rows as they come: one JSON object a line, or a table for a person. Returns how many there were. */
export async function printRows<Row extends Readonly<Record<string, Cell>>>(
  rows: AsyncIterable<Row>,
  columns: readonly (keyof Row & string)[],
  { json }: { readonly json?: true },
  { print }: CommandContext,
): Promise<number> {
  let count = 0;
  let measured: Row[] | undefined = [];
  let widths: readonly number[] = [];
  for await (const row of rows) {
    count += 1;
    if (json) await print(jsonLine(row));
    else if (measured === undefined)
      await print(
        lineOf(
          columns.map((column) => row[column] ?? null),
          widths,
        ),
      );
    else if (measured.push(row) === ROWS_MEASURED_MAX) await flush();
  }
  if (!json && count > 0) await flush();
  return count;

  async function flush(): Promise<void> {
    if (measured === undefined) return;
    const lines = [columns, ...measured.map((row) => columns.map((column) => row[column] ?? null))];
    measured = undefined;
    widths = columns.map((_, at) => Math.max(...lines.map((line) => [...textOf(line[at] ?? null)].length)));
    for (const line of lines) await print(lineOf(line, widths));
  }
}

function lineOf(cells: readonly Cell[], widths: readonly number[]): string {
  return cells
    .map((cell, at) => {
      const text = textOf(cell);
      return text + ' '.repeat(Math.max(0, (widths[at] ?? 0) - [...text].length));
    })
    .join('  ')
    .trimEnd();
}

function textOf(cell: Cell): string {
  if (cell === null) return '-';
  const characters = [...printable(String(cell))];
  return characters.length > CELL_MAX ? `${characters.slice(0, CELL_MAX - 1).join('')}…` : characters.join('');
}
