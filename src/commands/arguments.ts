import { InvalidArgumentError } from 'commander';
import { byteRate } from '../archive/settings.js';
import { parseDuration } from '../settings.js';

/** Arguments of commands, as commander parses them; what is wrong with one ends with exit code 2. */

/** Milliseconds of `30s`. */
export function durationArgument(text: string): number {
  const parsed = parseDuration(text);
  if ('ms' in parsed) return parsed.ms;
  throw new InvalidArgumentError('Write a number and one of ms, s, m, h, d, such as 30s.');
}

/** Bytes a second of `20MB/s`. */
export function byteRateArgument(text: string): number {
  const { data } = byteRate().safeParse(text);
  if (data !== undefined) return data;
  throw new InvalidArgumentError('Write a number and one of kB/s, MB/s, GB/s, such as 20MB/s.');
}

export function portArgument(text: string): number {
  return wholeNumberUpTo(text, 65_535);
}

export function countArgument(text: string): number {
  return wholeNumberUpTo(text, 1_000_000);
}

function wholeNumberUpTo(text: string, max: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number <= max) return number;
  throw new InvalidArgumentError(`Write a whole number from 0 to ${max}.`);
}
