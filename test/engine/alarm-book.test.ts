import type { AlarmRecord } from '../../src/core/alarm-record.js';
import { AlarmBook } from '../../src/engine/alarm-book.js';

function deadRecord(count: number): AlarmRecord & { readonly kind: 'dead' } {
  return { kind: 'dead', name: 'hook', alarm: { sinceMs: 1, count, reason: 'timeout', listed: [], toldAtMs: 0 } };
}

const FAILING = { sinceMs: 1, reason: 'timeout', message: 'no answer', told: 'no', endedAtMs: null } as const;

test('what died is counted once, however often the write that tells it fails', () => {
  const book = new AlarmBook();
  book.load([deadRecord(0)]);
  book.doubt(deadRecord(1));
  expect(book.dead('hook')).toMatchObject({ count: 0 });
  book.noteStored(deadRecord(1));
  expect(book.dead('hook')).toMatchObject({ count: 1 });
});

test('what is written as told is in doubt until that is stored', () => {
  const book = new AlarmBook();
  const record: AlarmRecord = { kind: 'sink', name: 'hook', alarm: { ...FAILING, isSuspended: false } };
  book.load([record]);
  book.doubt(record);
  expect(book.sink('hook')).toMatchObject({ told: 'maybe' });
});
