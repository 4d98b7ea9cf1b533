import { cellsOf, cutTo, fitted } from '../../src/commands/table-layout.js';

const COLUMNS = [
  { name: 'createdAt', width: 13, isWhole: false },
  { name: 'uuid', width: 36, isWhole: true },
  { name: 'lastError', width: 60, isWhole: false },
  { name: 'id', width: 36, isWhole: true },
];

test.each([
  { name: 'all of it where there is room', width: 151, want: ['createdAt 13', 'uuid 36', 'lastError 60', 'id 36'] },
  { name: 'an id is left out, never cut', width: 150, want: ['createdAt 13', 'uuid 36', 'lastError 60'] },
  { name: 'the next one is cut', width: 80, want: ['createdAt 13', 'uuid 36', 'lastError 27'] },
  { name: 'one that would be of no use is left out', width: 60, want: ['createdAt 13', 'uuid 36'] },
  { name: 'then those that were not named, from the end', width: 40, want: ['createdAt 13'] },
  { name: 'one stays', width: 5, want: ['createdAt 13'] },
])('a table fits: $name', ({ width, want }) => {
  expect(fitted(COLUMNS, ['id', 'lastError'], width).map((column) => `${column.name} ${column.width}`)).toEqual(want);
});

test.each([
  { name: 'what fits stays', text: 'lobby', width: 5, want: 'lobby' },
  { name: 'what does not fit ends in a mark', text: 'lobby', width: 4, want: 'lob…' },
  { name: 'wide characters take two cells', text: '会議室の部屋', width: 6, want: '会議…' },
  { name: 'marks above a letter take none', text: 'e\u0301e\u0301', width: 2, want: 'e\u0301e\u0301' },
])('a text is cut: $name', ({ text, width, want }) => {
  expect(cutTo(text, width)).toBe(want);
  expect(cellsOf(want)).toBeLessThanOrEqual(width);
});
