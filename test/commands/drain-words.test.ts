import { barText } from '../../src/commands/drain-progress.js';
import { sizeText, spanText } from '../../src/commands/drain-words.js';

test.each([
  { bytes: 0, want: '0 B' },
  { bytes: 999, want: '999 B' },
  { bytes: 1_000, want: '1.00 kB' },
  { bytes: 12_345, want: '12.3 kB' },
  { bytes: 999_499, want: '999 kB' },
  { bytes: 999_999, want: '1.00 MB' },
  { bytes: 2_147_483_648, want: '2.15 GB' },
  { bytes: 5e18, want: '5000 PB' },
])('sizeText: $bytes is $want', ({ bytes, want }) => {
  expect(sizeText(bytes)).toBe(want);
});

test.each([
  { ms: 0, want: '0s' },
  { ms: 59_400, want: '59s' },
  { ms: 59_600, want: '1m 00s' },
  { ms: 3_725_000, want: '1h 02m' },
  { ms: 97_200_000, want: '1d 3h' },
])('spanText: $ms ms is $want', ({ ms, want }) => {
  expect(spanText(ms)).toBe(want);
});

const parts = ['120 of 480', '3.40 MB/s', '12m 05s left', '2 failed', '1.20 GB received'];

test.each([
  { name: 'all of it', columns: 120, want: `[######------------------]  ${parts.join('  ')}` },
  {
    name: 'the bar without the last',
    columns: 75,
    want: `[######------------------]  ${parts.slice(0, 4).join('  ')}`,
  },
  { name: 'rather the time left than the bar', columns: 60, want: parts.slice(0, 4).join('  ') },
  { name: 'the most important', columns: 12, want: '120 of 480' },
  { name: 'a part of it', columns: 5, want: '120 ' },
  { name: 'nothing', columns: 0, want: '' },
])('barText in $columns columns shows $name', ({ columns, want }) => {
  expect(barText({ share: 0.25, parts }, columns)).toBe(want);
});

test('barText: without an end that is known there is no bar', () => {
  expect(barText({ share: undefined, parts }, 200)).toBe(parts.join('  '));
});
