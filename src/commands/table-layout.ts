/** How a table fits a terminal. */

const GAP = 2;
/** What is left of a column that is cut; one that would get less is left out. */
const CUT_MIN = 12;

export interface Column {
  readonly name: string;
  readonly width: number;
  /** An id that is cut is none. */
  readonly isWhole: boolean;
}

/**
 * Columns that fit, in their order: the least important one is cut or left out, then the next. One at least stays, whatever its width.
 *
 * @param leastFirst the others are left out last, from the end
 */
export function fitted(columns: readonly Column[], leastFirst: readonly string[], widthMax: number): readonly Column[] {
  const others = columns.map(({ name }) => name).filter((name) => !leastFirst.includes(name));
  let left = columns;
  for (const name of [...leastFirst, ...others.toReversed()]) {
    const excess = widthOf(left) - widthMax;
    if (excess <= 0 || left.length === 1) return left;
    left = left.flatMap((column) => {
      if (column.name !== name) return [column];
      const width = column.width - excess;
      return column.isWhole || width < CUT_MIN ? [] : [{ ...column, width }];
    });
  }
  return left;
}

function widthOf(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + width, 0) + GAP * Math.max(0, columns.length - 1);
}

const WIDE = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u;
const NOTHING = /\p{M}|\p{Default_Ignorable_Code_Point}/u;

/** Cells that a text takes on a terminal. */
export function cellsOf(text: string): number {
  return [...text].reduce((sum, character) => sum + cells(character), 0);
}

function cells(character: string): number {
  if (NOTHING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** As much of a text as there is room for. */
export function cutTo(text: string, width: number): string {
  if (cellsOf(text) <= width) return text;
  let taken = '';
  let room = width - 1;
  for (const character of text) {
    room -= cells(character);
    if (room < 0) break;
    taken += character;
  }
  return `${taken}…`;
}
