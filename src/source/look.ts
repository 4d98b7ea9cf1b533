import type { Recording } from '../core/recording.js';
import type { FirstLook, SeenRow, WalkEnd } from './define.js';
import { isObject, readRecording } from './schema.js';

const FIELDS: readonly (keyof Recording)[] = ['uuid', 'status', 'roomId', 'meetingId', 'createdAt', 'url'];

const UNKNOWN_FIELDS_MAX = 50;
const FIELD_LENGTH_MAX = 60;

interface LookedAt {
  readonly rows: readonly unknown[];
  /** The form of the list and what comes after this page, in words. */
  readonly paging: string;
  /** What polls make of the page as a part of the list; undefined: they ask for the next one. */
  readonly end: WalkEnd | undefined;
  /** What polls make of a row; it has the fields of a recording where this is left out. */
  readonly seenRow?: (row: unknown) => SeenRow;
  /** Whether anything is read of a field of rows. */
  readonly isKnown?: (field: string) => boolean;
}

/** A page for a person to look at: what polls make of each row, and of the page as a part of the list. */
export function lookAt({ rows, paging, end, seenRow = plainRow, isKnown = isPlain }: LookedAt): FirstLook {
  const unknown = new Set<string>();
  for (const row of rows) {
    for (const field of isObject(row) ? Object.keys(row) : []) {
      if (unknown.size < UNKNOWN_FIELDS_MAX && !isKnown(field)) unknown.add(field.slice(0, FIELD_LENGTH_MAX));
    }
  }
  return {
    rows: rows.map(seenRow),
    unknownFields: [...unknown],
    paging,
    problem: end?.complete === false ? end.reason : undefined,
  };
}

function plainRow(row: unknown): SeenRow {
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

function isPlain(field: string): boolean {
  return FIELDS.some((known) => known === field);
}
