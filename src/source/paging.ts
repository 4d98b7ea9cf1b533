import type { WalkEnd } from './define.js';

/** What the envelope of a page says of the list; whatever is not a whole number there counts as absent. */
export interface Pagination {
  readonly page: number | undefined;
  readonly totalPages: number | undefined;
  readonly total: number | undefined;
}

export function wholeNumber(value: unknown, min: number): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= min ? (value as number) : undefined;
}

/** A page as it came, reduced to what tells where the list ends. */
export interface SeenPage {
  /** The one asked for, from 1. */
  readonly number: number;
  readonly rowCount: number;
  /** Of the valid rows, in their order. */
  readonly uuids: readonly string[];
  readonly pagination: Pagination | undefined;
}

/** Takes the pages of one walk in their order, and says when it is over and how; undefined: ask for the next page. */
export type PagingJudge = (page: SeenPage) => WalkEnd | undefined;

/**
 * The paging is not documented, so nothing about it is believed without a second sign. A walk counts as complete only when
 * every page came as it was asked for; a page shorter than asked is not the end, since a server may cap at fewer.
 *
 * @param pageParamKey config key of the parameter's name, for the reasons
 */
export function createPagingJudge(pageParamKey: string): PagingJudge {
  let first: SeenPage | undefined;
  let previous: SeenPage | undefined;
  let hole: number | undefined;

  return function judge(page) {
    const before = previous;
    first ??= page;
    previous = page;
    const reason = wrongPage(page) ?? repetition(page, first, before) ?? contradiction(page);
    if (reason !== undefined) return { complete: false, pages: page.number, reason };
    if (page.rowCount > 0 && before?.rowCount === 0) hole ??= before.number;
    return isEnd(page, before) ? end(page, first) : undefined;
  };

  function wrongPage({ number, pagination }: SeenPage): string | undefined {
    if (pagination === undefined) {
      return number === 1 ? undefined : `page ${number} came as a bare array, the pages before it did not`;
    }
    if (pagination.page === undefined || pagination.page === number) return undefined;
    return `asked for page ${number}, got page ${pagination.page}; set ${pageParamKey} to the query parameter that the API knows`;
  }

  function repetition(page: SeenPage, firstPage: SeenPage, before: SeenPage | undefined): string | undefined {
    const repeated = [firstPage, before].find((other) => other !== undefined && repeats(page, other));
    if (repeated === undefined) return undefined;
    return `page ${page.number} repeats page ${repeated.number}; set ${pageParamKey} to the query parameter that the API knows`;
  }

  function end(page: SeenPage, firstPage: SeenPage): WalkEnd {
    if (hole !== undefined) {
      const reason = `page ${hole} came without rows, a page after it with some; rows may be missing`;
      return { complete: false, pages: page.number, reason };
    }
    return { complete: true, pages: page.number, shifted: hasChanged(firstPage, page) };
  }
}

/** A full page of new rows between two requests repeats a page too; then `total` has grown. */
export function repeats(page: SeenPage, other: SeenPage): boolean {
  return (
    page !== other &&
    page.uuids.length > 0 &&
    page.uuids.length === other.uuids.length &&
    page.pagination?.total === other.pagination?.total &&
    page.uuids.every((uuid, index) => uuid === other.uuids[index])
  );
}

/** An empty list is nothing to be wrong about: what was known would look gone. */
function contradiction({ number, rowCount, pagination }: SeenPage): string | undefined {
  if (number > 1 || rowCount > 0 || pagination === undefined) return undefined;
  const { total, totalPages = 0 } = pagination;
  if (total !== undefined && total > 0) return `page 1 has no rows although total is ${total}`;
  // Many an API says one page of an empty list.
  if (totalPages > (total === 0 ? 1 : 0)) return `page 1 has no rows although totalPages is ${totalPages}`;
  return undefined;
}

/** `totalPages` can change while pages are read: the latest counts. Two empty pages are the end whatever it says. */
function isEnd({ number, rowCount, pagination }: SeenPage, before: SeenPage | undefined): boolean {
  if (pagination === undefined) return true;
  if (pagination.totalPages !== undefined && number >= pagination.totalPages) return true;
  if (rowCount > 0) return false;
  return pagination.totalPages === undefined || before?.rowCount === 0;
}

export function hasChanged({ pagination: first }: SeenPage, { pagination: last }: SeenPage): boolean {
  return first?.total !== undefined && last?.total !== undefined && first.total !== last.total;
}
