import type { WalkEnd } from './define.js';
import { type Pagination, wholeNumber } from './paging.js';
import { isObject } from './schema.js';

export interface ListAnswer {
  readonly rows: readonly unknown[];
  /** Undefined for a bare array, which is the whole list. */
  readonly pagination: Pagination | undefined;
}

/** The list in an answer, a bare array or an envelope; undefined when it is no list. */
export function readList(json: unknown): ListAnswer | undefined {
  if (Array.isArray(json)) return { rows: json, pagination: undefined };
  if (!isObject(json) || !Array.isArray(json['data'])) return undefined;
  const pagination = isObject(json['pagination']) ? json['pagination'] : {};
  return {
    rows: json['data'],
    pagination: {
      page: wholeNumber(pagination['page'], 0),
      // A list without a row can have no page, and a list with one cannot: 0 says nothing that the rows do not say.
      totalPages: wholeNumber(pagination['totalPages'], 1),
      total: wholeNumber(pagination['total'], 0),
    },
  };
}

/** The form of the list and what comes after this page, for a person. */
export function pagingWords({ pagination }: ListAnswer, end: WalkEnd | undefined): string {
  return `${shapeWords(pagination)}; ${endWords(pagination, end)}`;
}

function shapeWords(pagination: Pagination | undefined): string {
  if (pagination === undefined) return 'a bare array, which is taken for the whole list';
  const entries = Object.entries(pagination).map(([key, value]) => `${key} ${value ?? 'missing'}`);
  return `an object with "data" and "pagination" (${entries.join(', ')})`;
}

function endWords(pagination: Pagination | undefined, end: WalkEnd | undefined): string {
  if (end?.complete === false) return 'it does not fit together';
  if (end !== undefined) return 'there is no other page';
  return pagination?.totalPages === undefined
    ? 'a poll asks for more pages until one has no rows'
    : `a poll asks for pages 2 to ${pagination.totalPages}`;
}
