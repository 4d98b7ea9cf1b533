import { z } from 'zod';
import { duration } from '../settings.js';
import type { SinkDefinition } from './define.js';

const NO_SETTINGS = z.strictObject({});

/** What a sink type of one's own has to say of itself; the rest has defaults. */
export type OwnSink<Settings extends z.ZodType = z.ZodType> = Pick<SinkDefinition<Settings>, 'type' | 'deliver'> &
  Partial<SinkDefinition<Settings>>;

/**
 * Makes a sink type: code that delivers to one kind of place.
 *
 * `settings` is a schema of zod 4, as a strict object, of the keys that a sink of the type takes in the config; without it the type
 * takes none. `deliver` returns what became of the attempt: an expected failure is a value with its reason, an exception is a bug,
 * logged with its stack and tried again. One delivery is in flight at a time unless `concurrency` says otherwise.
 */
export function defineOwnSink<Settings extends z.ZodType = typeof NO_SETTINGS>(
  definition: OwnSink<Settings>,
): SinkDefinition<Settings> {
  const flaw = flawOf(definition);
  if (flaw !== undefined) throw new TypeError(`a sink type ${flaw}`);
  // Settings is the type of NO_SETTINGS where none are given.
  const settings = definition.settings ?? (NO_SETTINGS as z.ZodType as Settings);
  return { summary: 'A sink type of your own.', example: '', concurrency: 1, ...definition, settings };
}

/** What keeps a value from being a sink type, as a predicate; undefined when it is one. */
export function flawOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'is an object with type, settings and deliver';
  const { type, deliver, deliverDigest, settings, rate, timeout } = value as Partial<
    Record<keyof SinkDefinition, unknown>
  >;
  if (typeof type !== 'string' || type === '') return 'needs a type, the name that a config calls it by';
  if (typeof deliver !== 'function') return 'needs deliver, a function';
  if (deliverDigest !== undefined && typeof deliverDigest !== 'function')
    return 'has a deliverDigest that is no function';
  const isRate = rate === undefined || (typeof rate === 'string' && /^[1-9]\d{0,2}\/[smh]$/.test(rate));
  if (!isRate) return 'has a rate that is none, such as 1/s';
  const isTimeout = timeout === undefined || (typeof timeout === 'string' && duration().safeParse(timeout).success);
  if (!isTimeout) return 'has a timeout that is no duration, such as 20s';
  const isSchema = typeof settings === 'object' && settings !== null && '_zod' in settings;
  return settings === undefined || isSchema ? undefined : 'has settings that are no schema of zod 4';
}
