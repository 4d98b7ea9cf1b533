import { z } from 'zod';
import { explain, isRecord, NO_MESSAGE } from '../config/explain.js';
import { readTextFile, UnreadableFileError } from '../config/files.js';
import { jsonSchemaOf } from '../config/json-schema.js';
import { listed, suggestion } from '../config/words.js';
import { EVENT_TYPES, type NotifierEvent, RECORDING_EVENT_TYPES } from '../core/event.js';
import { DEAD_LISTED_MAX } from '../core/operator-event.js';
import { UsageError } from './command.js';

const text = z.string();
const name = z.string().min(1);
const test = z.literal(true).optional();
const count = z.int().min(0);
const id = z.string().regex(/^evt_[\w-]{1,100}$/, 'is no id of an event, such as evt_4f1c0f6f2f0e4f0c9a3b7d5e6a1b2c3d');
const time = z
  .string()
  .refine(
    (value) => /^\d{4}-\d{2}-\d{2}T/.test(value) && Number.isFinite(Date.parse(value)),
    'is no time of ISO 8601, such as 2024-05-13T17:19:04.120Z',
  );

const recording = z.strictObject({
  uuid: z.string().min(1).max(200),
  roomId: text.nullable(),
  meetingId: text.nullable(),
  status: text,
  createdAt: text.nullable(),
  url: text.nullable(),
  urlExpiresAt: text.nullable(),
});
const archive = z.strictObject({ location: text, bytes: count, sha256: text, sink: name });
const recordingData = z.strictObject({
  recording,
  previousStatus: text.nullable(),
  occurrence: z.int().min(1),
  archive: archive.optional(),
  test,
});
const sourceData = z.strictObject({ reason: text, message: text, since: time, test });
const sinkData = z.strictObject({ sink: name, reason: text, message: text, since: time, waiting: count, test });
const dead = z.strictObject({ id: text, eventId: text, type: text, uuid: text });
const deadData = z.strictObject({
  sink: name,
  reason: text,
  count,
  deliveries: z.array(dead).max(DEAD_LISTED_MAX),
  test,
});

/** The shape of an event of a type. */
function schemaFor(type: string): z.ZodType {
  const isRecording = Object.hasOwn(RECORDING_EVENT_TYPES, type);
  const isSource = type.startsWith('source.');
  const data = isRecording ? recordingData : isSource ? sourceData : type.startsWith('sink.') ? sinkData : deadData;
  const own = type === 'recording.archived' ? recordingData.required({ archive: true }) : data;
  return z.strictObject({
    id,
    type: text,
    timestamp: time,
    source: isRecording || isSource ? name : z.null(),
    data: own,
  });
}

/**
 * The events in a file, as a sink would get them: one, a list of them, or one a line; `-` is standard input. One at least.
 * Throws a {@link UsageError} with all that is wrong with the first that is.
 */
export function readEventFile(file: string): readonly NotifierEvent[] {
  const path = file === '-' ? 'standard input' : file;
  let read: string;
  try {
    read = readTextFile(file === '-' ? '/dev/stdin' : file);
  } catch (error) {
    if (!(error instanceof UnreadableFileError)) throw error;
    throw new UsageError(`${path}: cannot be read: ${error.message}`);
  }
  const found = valuesIn(path, read);
  if (found.length === 0) throw new UsageError(`${path}: has no event; write one, such as "poll --dry-run" prints`);
  return found.map(({ place, value }) => parseEvent(place, value));
}

interface Found {
  readonly place: string;
  readonly value: unknown;
}

/** A text that is no JSON as a whole, but whose first line is an object, is meant as one event a line. */
function valuesIn(path: string, read: string): readonly Found[] {
  const lines = [...read.split('\n').entries()].filter(([, line]) => line.trim() !== '');
  if (lines.length > 1 && isObject(lines[0]?.[1] ?? ''))
    return lines.map(([index, line]) => ({ place: `${path}:${index + 1}`, value: parseJson(path, line, index + 1) }));
  const value = parseJson(path, read);
  if (!Array.isArray(value)) return [{ place: path, value }];
  return value.map((each: unknown, index) => ({ place: `${path}: [${index}]`, value: each }));
}

function isObject(line: string): boolean {
  try {
    return isRecord(JSON.parse(line));
  } catch {
    return false;
  }
}

function parseEvent(path: string, value: unknown): NotifierEvent {
  const type = (value as { readonly type?: unknown } | null)?.type;
  const known = Object.keys(EVENT_TYPES);
  if (typeof type !== 'string' || !known.includes(type)) {
    const fix = typeof type === 'string' ? suggestion(type, known) : '';
    throw new UsageError(`${path}: type: is no type of event${fix === '' ? `; write ${listed(known, 'or')}` : fix}`);
  }
  const schema = schemaFor(type);
  const result = schema.safeParse(value, { error: () => NO_MESSAGE });
  if (result.success) return result.data as NotifierEvent;
  const checked = { value, schema: jsonSchemaOf(schema), otherKeys: [] };
  const lines = explain(result.error.issues, checked).map(({ path: at, problem, fix, hint }) => {
    const remedy = fix ?? hint;
    return `${path}: ${at.join('.')}: ${problem}${remedy === undefined ? '' : `; ${remedy}`}`;
  });
  throw new UsageError(lines.join('\n'));
}

/** What V8 says may end with a piece of the file, which holds a URL. */
function parseJson(path: string, read: string, firstLine = 1): unknown {
  try {
    return JSON.parse(read);
  } catch (error) {
    const where = /\(line (\d+) column (\d+)\)/.exec((error as Error).message);
    const place = where === null ? path : `${path}:${firstLine + Number(where[1]) - 1}:${where[2]}`;
    throw new UsageError(`${place}: is not JSON; write one event, such as "poll --dry-run" prints`);
  }
}
