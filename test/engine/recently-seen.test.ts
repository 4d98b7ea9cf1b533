import { RecentlySeen } from '../../src/engine/recently-seen.js';

test.each([
  { name: 'the latest are known', added: 10, asked: 9, want: true },
  { name: 'as many as its size are known in any case', added: 10, asked: 6, want: true },
  { name: 'of the older ones up to twice as many', added: 8, asked: 0, want: true },
  { name: 'what is older is forgotten', added: 9, asked: 0, want: false },
  { name: 'what never came is not known', added: 10, asked: 10, want: false },
])('a memory of four: $name', ({ added, asked, want }) => {
  const seen = new RecentlySeen<number>(4);
  for (let n = 0; n < added; n += 1) seen.add(n);
  expect(seen.has(asked)).toBe(want);
});
