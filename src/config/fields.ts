import { validateDetailed } from 'node-cron';
import { z } from 'zod';
import { type Flaw, httpUrlFlaw, issueOf, type Marks, scalar } from '../settings.js';
import { readListen } from './listen.js';
import { readServerUrl } from './store-url.js';

/** The kinds of value that only the config's own keys have. */

const CRON_HINT = 'write five or six fields, such as "*/30 * * * * *" for every 30 seconds';

/** A schedule that node-cron takes and that fires as evenly as it looks. */
export function cron() {
  return text({ want: 'a cron expression' }, cronFlaw);
}

/** A schedule, or `off`. */
export function cronOrOff() {
  return text({ want: 'a cron expression or off' }, (value) => (value === 'off' ? undefined : cronFlaw(value)));
}

/** A URL, or `off`. Such URLs hold a token, so it is marked as a secret. */
export function httpUrlOrOff() {
  return text({ secret: true, want: 'a URL or off' }, (value) =>
    value === 'off' ? undefined : httpUrlFlaw(value),
  ).meta({
    form: { type: 'string', pattern: '^(off$|https?://)' },
  });
}

function text(marks: Marks, flawOf: (text: string) => Flaw | undefined) {
  return z
    .string()
    .meta({ ...marks })
    .superRefine((value, context) => {
      const flaw = flawOf(value);
      if (flaw !== undefined) context.addIssue(issueOf(flaw));
    });
}

/** The fields whose steps count from zero, with how many values they have. The days of a month are uneven anyway. */
const STEPPED_FIELDS = [
  { name: 'seconds', size: 60, next: 'minutes' },
  { name: 'minutes', size: 60, next: 'hours' },
  { name: 'hours', size: 24, next: 'days' },
] as const;

function cronFlaw(value: string): Flaw | undefined {
  const fields = value.trim().split(/\s+/);
  if (fields.length < 5 || fields.length > 6) return { problem: 'is not a cron expression', hint: CRON_HINT };
  const { valid, errors } = validateDetailed(value);
  if (!valid) {
    const field = errors[0]?.field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    return { problem: `is not a cron expression: see its ${field ?? 'fields'}`, hint: CRON_HINT };
  }
  const stepped = fields.length === 6 ? STEPPED_FIELDS : STEPPED_FIELDS.slice(1);
  return stepped.map((field, index) => stepFlaw(fields[index] ?? '', field)).find((flaw) => flaw !== undefined);
}

/**
 * A step that does not divide its range is taken by node-cron and starts anew with each round: a step of 45 seconds fires at :00 and
 * :45, one of 90 once a minute.
 */
function stepFlaw(field: string, { name, size, next }: (typeof STEPPED_FIELDS)[number]): Flaw | undefined {
  const step = Number(new RegExp(`^(?:\\*|0-${size - 1})/(\\d+)$`).exec(field)?.[1] ?? 1);
  if (size % step === 0) return undefined;
  if (step > size) {
    return { problem: `has a step longer than the ${size} ${name}`, hint: `write 0 there, and a step of ${next}` };
  }
  const even = Array.from({ length: step }, (_, less) => step - less).find((candidate) => size % candidate === 0);
  return {
    problem: `has a step that does not divide the ${size} ${name}, so it fires unevenly`,
    fix: `write */${even} there`,
    hint: `write one that divides ${size}`,
  };
}

/** A name of the IANA database. node-cron takes any text and fails when it stops. */
export function timezone() {
  return text({ want: 'the name of a time zone' }, (value) => {
    try {
      new Intl.DateTimeFormat('en', { timeZone: value });
      return undefined;
    } catch {
      return { problem: 'is not a time zone', hint: 'write a name such as UTC or Europe/Berlin' };
    }
  });
}

const RATE_UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000 } as const;
const RATE_COUNT_MAX = 1_000;

/** `1/s`, `30/m`, `100/h`; after parsing, the milliseconds from one start to the next. */
export function rate() {
  const form = { type: 'string', pattern: '^[1-9][0-9]*/[smh]$' };
  return scalar({ form, want: 'a rate such as 1/s' }, (value) => {
    const match = /^([1-9]\d*)\/([smh])$/.exec(value);
    if (match === null)
      return { problem: 'is not a rate', hint: 'write a number a second, minute or hour: 1/s, 30/m, 100/h' };
    const count = Number(match[1]);
    if (count > RATE_COUNT_MAX) return { problem: 'is too fast', hint: `write ${RATE_COUNT_MAX}/${match[2]} or less` };
    return { value: Math.ceil(RATE_UNIT_MS[match[2] as keyof typeof RATE_UNIT_MS] / count) };
  });
}

/** `HOST:PORT`, or `off`. */
export function listen() {
  return text({ want: 'an address such as 127.0.0.1:8080, or off' }, (value) =>
    value === 'off' || readListen(value) !== undefined
      ? undefined
      : { problem: 'is not an address to listen at', hint: 'write HOST:PORT, such as 127.0.0.1:8080, or off' },
  ).meta({ form: { type: 'string', pattern: '^(off|.+:[0-9]{1,5})$' } });
}

const STORE_HINT =
  'write sqlite:FILE, such as sqlite:state/notifier.sqlite, or memory, redis://host:6379/0 or postgres://user@host/database';

/** `sqlite:FILE`, `memory`, or the URL of a server, which may hold a password: so it is marked as a secret. */
export function store() {
  return text({ secret: true, want: 'text' }, (value) => {
    if (value === 'memory') return undefined;
    if (value === 'sqlite::memory:') return { problem: 'is a store of another name', hint: 'write memory' };
    const address = readServerUrl(value);
    if (address !== undefined) return 'problem' in address ? address : undefined;
    return /^sqlite:./.test(value) ? undefined : { problem: 'is not a store', hint: STORE_HINT };
  }).meta({ form: { type: 'string', pattern: '^(memory|sqlite:.+|(rediss?|postgres|postgresql)://.+)$' } });
}

const QUEUE_HINT =
  'write embedded, or a URL such as redis://host:6379/0?prefix=name, with special characters of the password as %XX';

/** `embedded`, or the URL of a Redis, which may hold a password as that of a store does. */
export function queue() {
  return text({ secret: true, want: 'text' }, (value) => {
    if (value === 'embedded') return undefined;
    const address = readServerUrl(value);
    return address !== undefined && 'kind' in address && address.kind === 'redis'
      ? undefined
      : { problem: 'is not a queue', hint: QUEUE_HINT };
  }).meta({ form: { type: 'string', pattern: '^(embedded|rediss?://.+)$' } });
}
