import { z } from 'zod';
import type { AlarmRecord } from '../core/alarm-record.js';
import type { DeliveryId, EventId } from '../core/id.js';
import type { Json } from '../ports.js';
import { decode, encode } from './delivery-records.js';
import { StoreError } from './errors.js';
import { parseAlarmKey } from './keys.js';

const ms = z.int().nonnegative();

const alarm = {
  sinceMs: ms,
  reason: z.string(),
  message: z.string(),
  told: z.enum(['no', 'maybe', 'yes']),
  endedAtMs: ms.nullable(),
};

const SCHEMAS = {
  source: z.strictObject({ ...alarm, refusedSinceMs: ms.nullable(), isConfirmed: z.boolean() }),
  sink: z.strictObject({ ...alarm, isSuspended: z.boolean() }),
  expiry: z.strictObject({ expiresAtMs: z.int(), level: z.enum(['week', 'day']) }),
  dead: z.strictObject({
    sinceMs: ms,
    count: z.int().nonnegative(),
    reason: z.string(),
    listed: z.array(
      z.strictObject({
        id: z.string().transform((id) => id as DeliveryId),
        eventId: z.string().transform((id) => id as EventId),
        type: z.string(),
        uuid: z.string(),
      }),
    ),
    toldAtMs: ms.nullable(),
  }),
};

export function encodeAlarm({ alarm: value }: AlarmRecord): Json {
  return encode(value);
}

/** One that is over has null in place of its fields, until it is deleted. */
export function decodeAlarm(key: string, value: Json): AlarmRecord {
  const { kind, name } = parseAlarmKey(key) ?? {};
  if (kind === undefined || name === undefined) throw new StoreError('decode', key, 'no alarm has such a key');
  return { kind, name, alarm: decode<unknown>(SCHEMAS[kind].nullable(), key, value) } as AlarmRecord;
}
