import type { RecordingUuid } from '../core/id.js';
import type { Recording } from '../core/recording.js';
import type { Page } from './define.js';

export const UUID_LENGTH_MAX = 200;
export const STATUS_LENGTH_MAX = 100;
const CREATED_AT_LENGTH_MAX = 100;
const NAME_LENGTH_MAX = 1_000;
const URL_LENGTH_MAX = 8_192;
const REASONS_MAX = 20;

/** Rows one by one: a bad one is set aside and counted, never fatal. Checked by hand, since lists of 100,000 rows are polled. */
export function readRows(rows: readonly unknown[]): Page {
  return pageOf(rows, readRecording);
}

/** The same of rows in another form. */
export function pageOf(rows: readonly unknown[], read: (row: unknown) => Recording | string): Page {
  const recordings: Recording[] = [];
  const reasons: string[] = [];
  let count = 0;
  for (const [index, row] of rows.entries()) {
    const recording = read(row);
    if (typeof recording !== 'string') {
      recordings.push(recording);
      continue;
    }
    count += 1;
    if (reasons.length < REASONS_MAX) reasons.push(`row ${index + 1} of the page ${recording}`);
  }
  return { recordings, rejected: { count, reasons } };
}

/** The recording, or what is wrong with the row, without its values. What is too long or of a wrong type, and not needed, is null. */
export function readRecording(row: unknown): Recording | string {
  if (!isObject(row)) return 'is not an object';
  const uuid = textOf(row['uuid'], UUID_LENGTH_MAX);
  if (uuid === null || uuid === '') return `has no uuid of 1 to ${UUID_LENGTH_MAX} characters`;
  const status = textOf(row['status'], STATUS_LENGTH_MAX);
  if (status === null || status === '') return `has no status of 1 to ${STATUS_LENGTH_MAX} characters`;
  return {
    uuid: uuid as RecordingUuid,
    status,
    roomId: textOf(row['roomId'], NAME_LENGTH_MAX),
    meetingId: textOf(row['meetingId'], NAME_LENGTH_MAX),
    createdAt: textOf(row['createdAt'], CREATED_AT_LENGTH_MAX),
    // Some platforms have an empty one while a recording is in processing: that is no URL.
    url: textOf(row['url'], URL_LENGTH_MAX) || null,
  };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Well-formed, since half of a surrogate pair has no UTF-8 and would change on its way to a hash, a store or a receiver. */
function textOf(value: unknown, lengthMax: number): string | null {
  return typeof value === 'string' && value.length <= lengthMax ? value.toWellFormed() : null;
}

/** JSON of an answer; undefined when it is none: JSON has no undefined. */
export function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
