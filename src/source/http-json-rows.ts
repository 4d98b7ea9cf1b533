import type { RecordingUuid } from '../core/id.js';
import type { Recording } from '../core/recording.js';
import type { Page, SeenRow } from './define.js';
import { compileExpression, type Expression } from './expression.js';
import type { Settings } from './http-json-settings.js';
import { isObject, pageOf, readRecording, STATUS_LENGTH_MAX, UUID_LENGTH_MAX } from './schema.js';

/** Rows of somebody else's list as recordings. */

type Field = keyof Settings['fields'];

export interface RowReader {
  /** The recording, or what is wrong with the row, without its values. */
  read(row: unknown): Recording | string;
  page(rows: readonly unknown[]): Page;
  /** For a person. */
  seen(row: unknown): SeenRow;
  /** Whether an expression begins with the field, as far as that can be seen. */
  isKnown(field: string): boolean;
}

export function createRowReader({ fields, statuses }: Pick<Settings, 'fields' | 'statuses'>): RowReader {
  const finders = new Map<Field, Expression>();
  for (const [field, text] of Object.entries(fields)) {
    if (text !== undefined) finders.set(field as Field, compileExpression(text));
  }
  const meanings = new Map([
    ...statuses.processing.map((status) => [status, 'processing'] as const),
    ...statuses.available.map((status) => [status, 'available'] as const),
  ]);
  const words = new Set(Object.values(fields).flatMap((text) => text?.match(/[A-Za-z_]\w*/g) ?? []));

  function find(field: Field, row: unknown): unknown {
    return finders.get(field)?.(row);
  }

  function plainOf(row: unknown): Record<Field, unknown> {
    const status = textOf(find('status', row));
    return {
      uuid: textOf(find('uuid', row)),
      status: typeof status === 'string' ? (meanings.get(status) ?? status) : status,
      roomId: textOf(find('roomId', row)),
      meetingId: textOf(find('meetingId', row)),
      createdAt: instantOf(find('createdAt', row)),
      url: find('url', row),
    };
  }

  function read(row: unknown): Recording | string {
    if (!isObject(row)) return 'is not an object';
    const plain = plainOf(row);
    const flaw = flawOf('uuid', plain.uuid, UUID_LENGTH_MAX) ?? flawOf('status', plain.status, STATUS_LENGTH_MAX);
    return flaw ?? readRecording(plain);
  }

  /** Which expression, what it gave, what would do. */
  function flawOf(field: 'uuid' | 'status', value: unknown, lengthMax: number): string | undefined {
    if (typeof value === 'string' && value !== '' && value.length <= lengthMax) return undefined;
    return `has no ${field}: ${fields[field]} gives ${nameOf(value)}, want text of 1 to ${lengthMax} characters`;
  }

  return {
    read,
    page: (rows) => pageOf(rows, read),
    seen(row) {
      const recording = read(row);
      if (typeof recording === 'string') return { rejected: recording };
      const leftOut = [...finders.keys()].filter((field) => recording[field] === null && !isNothing(find(field, row)));
      return { recording, leftOut };
    },
    isKnown: (field) => words.has(field),
  };
}

/** The row of a recording that is known by its uuid alone, with its URL. */
export function linkedRecording(
  uuid: RecordingUuid,
  { meetingId, roomId }: { readonly meetingId: string | null; readonly roomId: string | null },
  url: string,
): Recording {
  return { uuid, status: 'available', meetingId, roomId, createdAt: null, url };
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

/** Whole numbers and yes or no too, as text; anything else stays what it is. */
function textOf(value: unknown): unknown {
  return Number.isSafeInteger(value) || typeof value === 'boolean' ? String(value) : value;
}

/** The first number that is so long is a time in the next unit: seconds until the year 5138, milliseconds from 1973 on. */
const UNITS = [
  { below: 1e11, perMs: 0.001 },
  { below: 1e14, perMs: 1 },
  { below: 1e17, perMs: 1_000 },
  { below: 1e20, perMs: 1_000_000 },
];

/** A time since 1970, whatever its unit, as ISO 8601; a text that is none stays as it is. */
function instantOf(value: unknown): unknown {
  const isDigits = typeof value === 'string' && /^\d{9,20}$/.test(value);
  if (typeof value !== 'number' && !isDigits) return value;
  const number = Number(value);
  const unit = number > 0 ? UNITS.find(({ below }) => number < below) : undefined;
  return unit === undefined ? null : new Date(Math.floor(number / unit.perMs)).toISOString();
}

function nameOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (value === '') return 'an empty text';
  if (typeof value === 'string') return `a text of ${value.length} characters`;
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
