import type { Path } from './problem.js';

interface Unavailable {
  /** The key's path; `*` is any name or index. */
  readonly at: string;
  /** Which values of the key; without it, the key itself. */
  readonly value?: RegExp;
  /** What it is, for a value: a value is never repeated, since it may hold a credential. */
  readonly what?: string;
  /** What would do. */
  readonly instead?: string;
}

/** What the documented configuration has and this version does not. A feature that arrives takes its lines away. */
const UNAVAILABLE: readonly Unavailable[] = [];

export interface Refusal {
  readonly path: Path;
  readonly part: 'key' | 'value';
  readonly message: string;
}

/** Every key and value below the path that this version does not have. The config is a tree of bounded size. */
export function findUnavailable(value: unknown, path: Path = []): Refusal[] {
  const own = refusalOf(value, path);
  if (own !== undefined) return [own];
  if (Array.isArray(value)) return value.flatMap((item, index) => findUnavailable(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => findUnavailable(item, [...path, key]));
}

function refusalOf(value: unknown, path: Path): Refusal | undefined {
  for (const row of UNAVAILABLE) {
    if (!matches(row.at.split('.'), path)) continue;
    if (row.value === undefined) return { path, part: 'key', message: refusal('', row) };
    if (typeof value === 'string' && row.value.test(value))
      return { path, part: 'value', message: refusal(row.what ?? '', row) };
  }
  return undefined;
}

function matches(pattern: readonly string[], path: Path): boolean {
  return pattern.length === path.length && pattern.every((part, index) => part === '*' || part === path[index]);
}

function refusal(what: string, { instead }: Unavailable): string {
  return `${what} is not available in this version${instead === undefined ? '' : `; ${instead}`}`.trim();
}
