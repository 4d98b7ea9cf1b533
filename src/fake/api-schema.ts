import { z } from 'zod';

/** What tests, commands and the control route can tell the fake API: one description for the types and for the check of a body. */

const text = z.string().max(10_000);
const count = z.int().min(0).max(1_000_000_000);

/** Fields set to any value, and fields left out, after the answer was made as the real API would make it. */
const distortion = {
  overrides: z.record(z.string(), z.unknown()).optional(),
  omits: z.array(text).max(100).optional(),
};

const newRecording = z.strictObject({
  /** Made up when absent. One that is in the list already makes a second row. */
  uuid: text.optional(),
  roomId: text.optional(),
  meetingId: text.optional(),
  status: text.optional(),
  createdAt: text.optional(),
  /** From processing to available; null: stuck. The option of the server when absent. */
  lifeMs: count.nullable().optional(),
  ...distortion,
});

const recordingChange = z.strictObject({
  status: text.optional(),
  /** Out of the list, and back. */
  hidden: z.boolean().optional(),
  ...distortion,
});

const listMode = z.strictObject({
  /** `array` is the documented example: every row, without a word about pages. */
  form: z.enum(['envelope', 'array']),
  /** The query parameters that the server knows; another name is ignored, so every page is page one. */
  pageParam: text,
  sizeParam: text,
  pageSize: count.min(1),
  /** What a page is cut to, whatever was asked for; null: no limit. */
  pageSizeMax: count.min(1).nullable(),
  /** Distorts the envelope's `pagination`: a wrong `total`, no `totalPages`. */
  pagination: z.strictObject(distortion),
  /** Pages that come without rows. */
  emptyPages: z.array(count).max(1_000),
  /** The list of an account that has lost everything. */
  empty: z.boolean(),
  /** What a row in processing has for a `url`. */
  urlWhileProcessing: z.enum(['signed', 'null', 'missing', 'empty']),
});

const fault = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('unauthorized') }).describe('401'),
  z
    .strictObject({ kind: z.literal('rate_limited'), retryAfter: text.optional() })
    .describe('429; retryAfter is the header: seconds, a date, or nonsense'),
  z.strictObject({ kind: z.literal('bad_gateway') }).describe('502 with the HTML page of a proxy'),
  z.strictObject({ kind: z.literal('error_in_ok') }).describe('200 with {statusCode, message}'),
  z
    .strictObject({
      kind: z.literal('answer'),
      status: z.int().min(200).max(599),
      headers: z.record(z.string(), text).optional(),
      body: z.unknown().optional(),
    })
    .describe('anything else: a string is sent as it is, other values as JSON'),
  z.strictObject({ kind: z.literal('truncated') }).describe('half of the JSON, in an HTTP answer that is whole'),
  z.strictObject({ kind: z.literal('broken') }).describe('half of the body, then the connection breaks'),
  z.strictObject({ kind: z.literal('reset') }).describe('the connection breaks before an answer'),
  z
    .strictObject({ kind: z.literal('slow'), delayMs: count })
    .describe('the right body in ten pieces, with this time between them'),
  z.strictObject({ kind: z.literal('hang') }).describe('no answer, and the connection stays'),
  z.strictObject({ kind: z.literal('huge'), bytes: count }).describe('an empty list with this much white space in it'),
  z
    .strictObject({
      kind: z.literal('change'),
      add: z.array(newRecording).max(10_000).optional(),
      remove: z.array(text).max(10_000).optional(),
    })
    .describe('the right answer, and a list that changes just after it: between two pages of one walk'),
]);

/** A kind of fault, as a person writes it. */
export interface FaultKind {
  readonly kind: Fault['kind'];
  /** What goes beside the kind; with a `?` what may be left out. */
  readonly keys: readonly string[];
  readonly summary: string;
}

export const FAULT_KINDS: readonly FaultKind[] = fault.options.map(({ shape, description = '' }) => ({
  kind: shape.kind.value,
  keys: Object.entries<z.ZodType>(shape).flatMap(([key, schema]) =>
    key === 'kind' ? [] : `${key}${schema.safeParse(undefined).success ? '?' : ''}`,
  ),
  summary: description,
}));

const faultTimes = {
  /** List requests that are answered as usual before. */
  after: count.optional(),
  times: count.min(1).optional(),
};

export const controlCommand = z.strictObject({
  add: z.array(newRecording).max(10_000).optional(),
  update: z
    .array(recordingChange.extend({ uuid: text }))
    .max(10_000)
    .optional(),
  remove: z.array(text).max(10_000).optional(),
  mode: listMode.partial().optional(),
  faults: z
    .array(z.strictObject({ fault, ...faultTimes }))
    .max(1_000)
    .optional(),
  clearFaults: z.boolean().optional(),
});

export type NewRecording = z.infer<typeof newRecording>;
export type RecordingChange = z.infer<typeof recordingChange>;
export type ListMode = z.infer<typeof listMode>;
export type Fault = z.infer<typeof fault>;
export type FaultTimes = z.infer<z.ZodObject<typeof faultTimes>>;
export type ControlCommand = z.infer<typeof controlCommand>;
export type Distortion = z.infer<z.ZodObject<typeof distortion>>;
