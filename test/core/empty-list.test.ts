import { emptyListText, isDoubtful, isWorthNoting } from '../../src/core/empty-list.js';

test.each([
  { name: 'a hundred are gone at once', listed: 0, before: 100, want: true },
  { name: 'fewer may have been cleared away', listed: 0, before: 99, want: false },
  { name: 'it was empty before', listed: 0, before: 0, want: false },
  { name: 'one is left', listed: 1, before: 5_000, want: false },
])('an empty list is doubted: $name', ({ listed, before, want }) => {
  expect(isDoubtful(listed, before)).toBe(want);
});

test.each([
  { name: 'nothing is stored', listed: 0, before: undefined, want: true },
  { name: 'a long list has grown', listed: 101, before: 100, want: true },
  { name: 'a long list is as it was', listed: 100, before: 100, want: false },
  { name: 'it becomes a long one', listed: 100, before: 99, want: true },
  { name: 'it becomes a short one', listed: 99, before: 100, want: true },
  { name: 'both are short', listed: 99, before: 0, want: false },
])('its length is worth a write: $name', ({ listed, before, want }) => {
  expect(isWorthNoting(listed, before)).toBe(want);
});

test('what operators read fits into an event and ends with what would do', () => {
  const text = emptyListText(1_234_567, `sources.${'x'.repeat(63)}.emptyList`);
  expect(text).toContain('1234567 recordings');
  expect(text).toMatch(/x\.emptyList: believe$/);
  expect(text.length).toBeLessThan(500);
});
