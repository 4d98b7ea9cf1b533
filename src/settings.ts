import { z } from 'zod';

/**
 * The kinds of value that a settings schema is made of. Every one also takes the string that an interpolated `${NAME}` gives
 * (`true`, `8080`, `30s`).
 *
 * An error message is a predicate (`has no unit`) and never holds the value: the loader puts the value before it where that gives
 * no secret away. Give a default by `prefault`, in the form that a user would write; it then shows in the schema and the example.
 */

/** What `.meta()` may say of a schema beside its description. */
export interface Marks {
  /** A credential: never printed, in no error, masked wherever settings are shown. */
  readonly secret?: true;
  /** Liquid: an editor shows what it may name. */
  readonly template?: true;
  /** What is wanted, for `found a list, want …`. */
  readonly want?: string;
  /** The JSON Schema of the values that a user writes, where zod's own would show how the value is converted. */
  readonly form?: Readonly<Record<string, unknown>>;
  /** A value for the example config, commented out there; for keys without a default. */
  readonly example?: unknown;
}

/** What is wrong with a value. */
export interface Flaw {
  readonly problem: string;
  /** What to write instead. May repeat the value, so it is shown only where the value may be. */
  readonly fix?: string;
  /** What would do in general; shown where there is no fix to show. */
  readonly hint?: string;
  /** The sentence is about the key, so the value is not put before it. */
  readonly isBare?: boolean;
}

/** A scalar that is read from its text, or refused with a {@link Flaw}. */
export function scalar<Value extends string | number | boolean>(
  marks: Marks,
  read: (text: string) => { readonly value: Value } | Flaw,
) {
  return z
    .union([z.string(), z.number(), z.boolean()])
    .meta({ ...marks })
    .transform((raw, context): Value => {
      const result = read(String(raw).trim());
      if ('value' in result) return result.value;
      context.addIssue(issueOf(result));
      return z.NEVER;
    });
}

/** For schemas that refuse by `superRefine` or `transform`. */
export function issueOf({ problem: message, ...params }: Flaw) {
  return { code: 'custom' as const, message, params };
}

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The longest duration that a config may hold: a hundred years. */
const DURATION_MS_MAX = 100 * 365 * UNIT_MS.d;

const DURATION_HINT = 'write a number and one of ms, s, m, h, d, such as 30s';

/** Milliseconds, or what is wrong with the text, in words that repeat it. For the command line. */
export function parseDuration(text: string): { readonly ms: number } | { readonly problem: string } {
  const result = readDuration(text.trim());
  if ('value' in result) return { ms: result.value };
  return { problem: `"${text}" ${result.problem}; ${result.fix ?? result.hint}` };
}

function readDuration(text: string): { readonly value: number } | Flaw {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  if (match === null) {
    return /^\d+(?:\.\d+)?$/.test(text)
      ? { problem: 'has no unit', fix: `write ${text}s`, hint: DURATION_HINT }
      : { problem: 'is not a duration', hint: DURATION_HINT };
  }
  const ms = Math.round(Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]);
  return ms > DURATION_MS_MAX
    ? { problem: 'is longer than a hundred years', hint: 'write a shorter one' }
    : { value: ms };
}

/** A duration with its unit (`30s`, `1.5h`); milliseconds after parsing. */
export function duration({ minMs = 0, maxMs = DURATION_MS_MAX }: { minMs?: number; maxMs?: number } = {}) {
  const form = { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$' };
  return scalar({ form, want: 'a duration such as 30s' }, (text) => {
    const result = readDuration(text);
    if (!('value' in result)) return result;
    if (result.value < minMs) return { problem: 'is too short', hint: `write ${formatDuration(minMs)} or more` };
    if (result.value > maxMs) return { problem: 'is too long', hint: `write ${formatDuration(maxMs)} or less` };
    return result;
  });
}

/** The shortest exact form: 90000 is `90s`, 3600000 is `1h`. */
export function formatDuration(ms: number): string {
  const units = Object.entries(UNIT_MS).reverse();
  const [unit, size] = units.find(([, sizeMs]) => ms >= sizeMs && ms % sizeMs === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}

export function boolean() {
  return scalar<boolean>({ form: { type: 'boolean' }, want: 'true or false' }, (text) => {
    if (text === 'true' || text === 'false') return { value: text === 'true' };
    return { problem: 'is neither true nor false', hint: 'write true or false' };
  });
}

export function integer(min: number, max: number) {
  const hint = `write a whole number from ${min} to ${max}`;
  const form = { type: 'integer', minimum: min, maximum: max };
  return scalar({ form, want: 'a whole number' }, (text) => {
    if (!/^-?\d+$/.test(text)) return { problem: 'is not a whole number', hint };
    return inRange(Number(text), min, max, hint);
  });
}

export function number(min: number, max: number) {
  const hint = `write a number from ${min} to ${max}`;
  const form = { type: 'number', minimum: min, maximum: max };
  return scalar({ form, want: 'a number' }, (text) => {
    if (!/^-?\d+(\.\d+)?$/.test(text)) return { problem: 'is not a number', hint };
    return inRange(Number(text), min, max, hint);
  });
}

function inRange(value: number, min: number, max: number, hint: string): { readonly value: number } | Flaw {
  if (value < min) return { problem: 'is too small', hint };
  if (value > max) return { problem: 'is too large', hint };
  return { value };
}

const SIZE_UNIT_BYTES = { kB: 1e3, MB: 1e6, GB: 1e9 } as const;
const SIZE_HINT = 'write a number and one of kB, MB, GB, such as 100MB';

/** A size with its unit (`100MB`); bytes after parsing. */
export function byteSize(minBytes: number, maxBytes: number) {
  const form = { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)?(kB|MB|GB)$' };
  return scalar({ form, want: 'a size such as 100MB' }, (text) => {
    const [, number, unit] = /^(\d+(?:\.\d+)?)(kB|MB|GB)$/.exec(text) ?? [];
    if (number === undefined) return { problem: 'is not a size', hint: SIZE_HINT };
    return inRange(
      Math.floor(Number(number) * SIZE_UNIT_BYTES[unit as keyof typeof SIZE_UNIT_BYTES]),
      minBytes,
      maxBytes,
      `write ${minBytes / 1e3}kB to ${maxBytes / 1e9}GB`,
    );
  });
}

/** 0000 to 9999, so that every value can be shown as ISO 8601. */
const INSTANT = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/;
const INSTANT_HINT = 'write 2027-06-30 or 2027-06-30T12:00:00Z';

/** A date, which is its beginning in UTC, or a date and time with its zone; milliseconds since 1970 after parsing. */
export function instant() {
  const form = { type: 'string', pattern: INSTANT.source };
  return scalar({ form, want: 'a date such as 2027-06-30' }, (text) => {
    const [, date = '', time, zone] = INSTANT.exec(text) ?? [];
    if (date === '') return { problem: 'is not a date', hint: INSTANT_HINT };
    if (time !== undefined && zone === undefined)
      return { problem: 'has no time zone', fix: `write ${text}Z`, hint: INSTANT_HINT };
    const [value, dayMs] = [Date.parse(text), Date.parse(date)];
    // A day that a month does not have is taken for one of the next month.
    const isDay = Number.isFinite(dayMs) && new Date(dayMs).toISOString().startsWith(date);
    return isDay && Number.isFinite(value) ? { value } : { problem: 'is no day of the calendar', hint: INSTANT_HINT };
  });
}

/** A text that is a credential: never printed, in no error, masked in `render`. */
export function secret() {
  return z.string().min(1).meta({ secret: true });
}

/** An absolute http or https URL without a fragment. Holds credentials often enough, so it is marked as a secret. */
export function httpUrl() {
  return z
    .string()
    .meta({ secret: true, format: 'uri', want: 'a URL' })
    .superRefine((text, context) => {
      const flaw = httpUrlFlaw(text);
      if (flaw !== undefined) context.addIssue(issueOf(flaw));
    });
}

/** One without a place for credentials, which may be shown and stored: no query and no user. It may have `{…}` in its path. */
export function plainHttpUrl() {
  return z
    .string()
    .meta({ format: 'uri', want: 'a URL' })
    .superRefine((text, context) => {
      const flaw = httpUrlFlaw(text) ?? plainFlaw(new URL(text));
      if (flaw !== undefined) context.addIssue(issueOf(flaw));
    });
}

function plainFlaw({ search, username, password }: URL): Flaw | undefined {
  if (`${search}${username}${password}` === '') return undefined;
  return { problem: 'has a query or a user', hint: 'write scheme, host and path alone' };
}

/** For keys that take a URL or a word. */
export function httpUrlFlaw(text: string): Flaw | undefined {
  const url = URL.parse(text);
  const hint = 'write one that begins with http:// or https://';
  if (url === null || url.hostname === '') return { problem: 'is not a URL', hint };
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return { problem: 'is not an http URL', hint };
  if (url.hash !== '') return { problem: 'has a fragment', hint: 'leave out # and what follows' };
  return undefined;
}
