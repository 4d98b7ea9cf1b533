import { z } from 'zod';

/**
 * The kinds of value that a settings schema is made of. Every one also takes the string that an interpolated `${NAME}` gives
 * (`true`, `8080`, `30s`), and says in its error what would do. What is marked by {@link secret} is masked everywhere.
 */

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The longest duration that a config may hold: a hundred years. */
const DURATION_MS_MAX = 100 * 365 * UNIT_MS.d;

/** Milliseconds, or what is wrong with the text. */
export function parseDuration(text: string): { readonly ms: number } | { readonly problem: string } {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  if (match === null) {
    return /^\d+(?:\.\d+)?$/.test(text.trim())
      ? { problem: `"${text}" has no unit; write ${text.trim()}s` }
      : { problem: `"${text}" is not a duration; write a number and one of ms, s, m, h, d, such as 30s` };
  }
  const ms = Math.round(Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]);
  return ms > DURATION_MS_MAX ? { problem: `"${text}" is longer than a hundred years` } : { ms };
}

/** A duration with its unit (`30s`, `1.5h`); milliseconds after parsing. */
export function duration(bounds: { minMs?: number; maxMs?: number } = {}) {
  return z
    .union([z.string(), z.number()])
    .meta({ type: 'string', pattern: '^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$' })
    .transform((value, context) => {
      const parsed = parseDuration(String(value));
      const problem = 'problem' in parsed ? parsed.problem : outside(parsed.ms, bounds);
      if (problem === undefined && 'ms' in parsed) return parsed.ms;
      context.addIssue({ code: 'custom', message: problem ?? 'is not a duration' });
      return z.NEVER;
    });
}

function outside(ms: number, { minMs = 0, maxMs = DURATION_MS_MAX }: { minMs?: number; maxMs?: number }) {
  if (ms < minMs) return `is shorter than ${formatDuration(minMs)}, the shortest that makes sense here`;
  if (ms > maxMs) return `is longer than ${formatDuration(maxMs)}, the longest that makes sense here`;
  return undefined;
}

/** The shortest exact form: 90000 is `90s`, 3600000 is `1h`. */
export function formatDuration(ms: number): string {
  const units = Object.entries(UNIT_MS).reverse();
  const [unit, size] = units.find(([, sizeMs]) => ms >= sizeMs && ms % sizeMs === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}

export function boolean() {
  return z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);
}

export function integer(min: number, max: number) {
  const number = z.number().int().min(min).max(max);
  return z.union([number, z.string().regex(/^\d+$/).transform(Number).pipe(number)]);
}

/** A text that is a credential: never printed, in no error, masked in `render`. */
export function secret() {
  return z.string().min(1).meta({ secret: true });
}

/** An absolute http or https URL without a fragment. Holds credentials often enough, so it is marked as a secret. */
export function httpUrl() {
  return z
    .string()
    .refine((text) => isHttpUrl(text), { message: 'is not a URL; write one that begins with http:// or https://' })
    .meta({ secret: true, format: 'uri' });
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '';
}
