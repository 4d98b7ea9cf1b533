import type { Recording } from '../core/recording.js';
import type { FirstLook, SeenRow, WalkEnd } from './define.js';
import { isObject, type ListAnswer, type Pagination, readRecording } from './schema.js';

const FIELDS: readonly (keyof Recording)[] = ['uuid', 'status', 'roomId', 'meetingId', 'createdAt', 'url'];

const UNKNOWN_FIELDS_MAX = 50;
const FIELD_LENGTH_MAX = 60;

/**
 * A page for a person to look at: what polls make of each row, and of the page as a part of the list.
 *
 * @param end what the paging judge says of it; undefined: a poll asks for the next page
 */
export function lookAt({ rows, pagination }: ListAnswer, end: WalkEnd | undefined): FirstLook {
  const unknown = new Set<string>();
  for (const row of rows) {
    for (const field of isObject(row) ? Object.keys(row) : []) {
      if (unknown.size < UNKNOWN_FIELDS_MAX && !isKnown(field)) unknown.add(field.slice(0, FIELD_LENGTH_MAX));
    }
  }
  return {
    rows: rows.map(seenRow),
    unknownFields: [...unknown],
    paging: `${shapeWords(pagination)}; ${endWords(pagination, end)}`,
    problem: end?.complete === false ? end.reason : undefined,
  };
}

function seenRow(row: unknown): SeenRow {
  const recording = readRecording(row);
  if (typeof recording === 'string') return { rejected: recording };
  const leftOut = FIELDS.filter((field) => recording[field] === null && hasContent(row, field));
  return { recording, leftOut };
}

/** An empty text says nothing, as null and a missing field do. */
function hasContent(row: unknown, field: string): boolean {
  const value = isObject(row) ? row[field] : undefined;
  return value !== undefined && value !== null && value !== '';
}

function isKnown(field: string): boolean {
  return FIELDS.some((known) => known === field);
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
