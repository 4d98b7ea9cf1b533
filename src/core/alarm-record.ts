import type { SinkAlarm, SourceAlarm } from './alarm.js';
import type { DeadAlarm } from './alarm-dead.js';
import type { ExpiryAlarm } from './alarm-expiry.js';

/** What operators have been told of a source or a sink, or soon are. Stored as null it is over. */
export type AlarmRecord =
  | { readonly kind: 'source'; readonly name: string; readonly alarm: SourceAlarm | null }
  | { readonly kind: 'expiry'; readonly name: string; readonly alarm: ExpiryAlarm | null }
  | { readonly kind: 'sink'; readonly name: string; readonly alarm: SinkAlarm | null }
  | { readonly kind: 'dead'; readonly name: string; readonly alarm: DeadAlarm | null };

/**
 * What of a record is worth a write. Its words are not: they change at every attempt, and are written with what is told. Nor is a doubt,
 * which ends with the process.
 */
export function signatureOf({ alarm }: AlarmRecord): string {
  if (alarm === null || !('told' in alarm)) return JSON.stringify(alarm);
  const told = alarm.told === 'maybe' ? 'no' : alarm.told;
  return JSON.stringify({ ...alarm, told, reason: '', message: '' });
}

/** Before the write that tells it: while that is under way, and when it fails, nobody knows what the store has. */
export function inDoubt(record: AlarmRecord): AlarmRecord {
  if (record.kind === 'source' && record.alarm?.told === 'no')
    return { ...record, alarm: { ...record.alarm, told: 'maybe' } };
  if (record.kind === 'sink' && record.alarm?.told === 'no')
    return { ...record, alarm: { ...record.alarm, told: 'maybe' } };
  return record;
}

/**
 * What is known once the news of a record is stored, given what happened while it was being written.
 *
 * @param before the record of which the news was made
 * @param written what was stored of it then
 * @param current the record as it is by now
 */
export function afterTold(before: AlarmRecord, written: AlarmRecord, current: AlarmRecord, nowMs: number): AlarmRecord {
  if (current.kind === 'source' && before.kind === 'source') {
    const alarm = current.alarm && resumed(current.alarm, before.alarm, nowMs);
    const isNew = alarm?.told === 'no';
    return { ...current, alarm: alarm && (isNew ? { ...alarm, refusedSinceMs: null, isConfirmed: false } : alarm) };
  }
  if (current.kind === 'sink' && before.kind === 'sink') {
    return { ...current, alarm: current.alarm && resumed(current.alarm, before.alarm, nowMs) };
  }
  return written;
}

/** null: it is over, and that is told. Failing again by now, it is another alarm. */
function resumed<Some extends SourceAlarm | SinkAlarm>(current: Some, before: Some | null, nowMs: number): Some | null {
  const toldOfEnd = before !== null && before.endedAtMs !== null;
  if (!toldOfEnd) return { ...current, told: 'yes' };
  return current.endedAtMs === null ? { ...current, sinceMs: nowMs, told: 'no' } : null;
}
