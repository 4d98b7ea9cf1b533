import { closest, listed } from '../../src/config/words.js';

const KEYS = ['schedule', 'whileProcessing', 'firstPoll', 'stuckAfter', 'roomId', 'url'];

test.each([
  { word: 'shedule', want: 'schedule' },
  { word: 'scheduel', want: 'schedule' },
  { word: 'roomid', want: 'roomId' },
  { word: 'first_poll', want: 'firstPoll' },
  { word: 'uri', want: 'url' },
  { word: 'ur', want: 'url' },
  { word: 'banana', want: undefined },
  { word: '', want: undefined },
  { word: 's'.repeat(200), want: undefined },
])('the key nearest to "$word"', ({ word, want }) => {
  expect(closest(word, KEYS)).toBe(want);
});

test.each([
  { words: [], want: '' },
  { words: ['a'], want: 'a' },
  { words: ['a', 'b'], want: 'a and b' },
  { words: ['a', 'b', 'c'], want: 'a, b and c' },
])('$words.length words in a sentence', ({ words, want }) => {
  expect(listed(words)).toBe(want);
});
