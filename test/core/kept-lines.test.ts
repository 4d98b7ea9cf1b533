import { KeptLines } from '../../src/core/kept-lines.js';
import type { OrderLine } from '../../src/core/order.js';

function line(id: string): OrderLine {
  return { id, eventId: null, sink: null, result: id.startsWith('bad') ? 'dead' : 'delivered', detail: '' };
}

test.each([
  { name: 'all that there are', ids: ['1', 'bad 2'], want: ['1', 'bad 2'], more: 0 },
  { name: 'the first, where all is well', ids: ['1', '2', '3', '4'], want: ['1', '2', '3'], more: 1 },
  {
    name: 'what was not well in place of what was',
    ids: ['1', 'bad 2', '3', 'bad 4'],
    want: ['1', 'bad 2', 'bad 4'],
    more: 1,
  },
  {
    name: 'the first that were not well',
    ids: ['1', '2', '3', 'bad 4', 'bad 5', 'bad 6', 'bad 7'],
    want: ['bad 6', 'bad 5', 'bad 4'],
    more: 4,
  },
])('kept is $name', ({ ids, want, more }) => {
  const kept = new KeptLines(3);
  for (const id of ids) kept.add(line(id));
  expect(kept.lines.map((one) => 'id' in one && one.id)).toEqual(want);
  expect(kept.more).toBe(more);
});
