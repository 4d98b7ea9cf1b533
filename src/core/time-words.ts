const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** The largest unit of which there are two or more: 36 hours are said as such, 48 as two days. */
const UNITS = [
  { name: 'day', ms: DAY_MS },
  { name: 'hour', ms: HOUR_MS },
  { name: 'minute', ms: MINUTE_MS },
] as const;

/** How far away a time is, for people: `in 3 days`, `2 hours ago`, `now`. Rounded down, so that nobody has less time than it says. */
export function timeFromNow(atMs: number, nowMs: number): string {
  const awayMs = Math.abs(atMs - nowMs);
  if (awayMs < 1_000) return 'now';
  const words = spanInWords(awayMs);
  return atMs > nowMs ? `in ${words}` : `${words} ago`;
}

/** `3 days`, `90 minutes`, `1 second`. Rounded down. */
export function spanInWords(ms: number): string {
  const unit = UNITS.find((each) => ms >= 2 * each.ms) ?? { name: 'second', ms: 1_000 };
  const count = Math.floor(ms / unit.ms);
  return `${count} ${unit.name}${count === 1 ? '' : 's'}`;
}
