import { createDrainBook } from '../../src/archive/drain-tally.js';
import {
  barText,
  drainStandings,
  type ProgressPlaces,
  showProgress,
  verifyStandings,
} from '../../src/commands/drain-progress.js';
import { fileOf, recordingNamed } from '../archive/drain-support.js';
import { createManualClock } from '../support/manual-clock.js';

const PARTS = ['12 of 48', '1.50 MB/s', '2m 30s left', '3 failed', '90.0 MB received'];

test.each([
  {
    name: 'a wide terminal shows all',
    columns: 100,
    want: '[######------------------]  12 of 48  1.50 MB/s  2m 30s left  3 failed  90.0 MB received',
  },
  {
    name: 'then what matters least goes',
    columns: 80,
    want: '[######------------------]  12 of 48  1.50 MB/s  2m 30s left  3 failed',
  },
  { name: 'then the bar', columns: 65, want: '12 of 48  1.50 MB/s  2m 30s left  3 failed  90.0 MB received' },
  { name: 'then one after the other', columns: 22, want: '12 of 48  1.50 MB/s' },
  { name: 'what is too long is cut', columns: 5, want: '12 o' },
  { name: 'no width at all', columns: 0, want: '' },
])('a bar: $name', ({ columns, want }) => {
  const text = barText({ share: 0.25, parts: PARTS }, columns);
  expect(text).toBe(want);
  expect(text.length).toBeLessThan(Math.max(columns, 1));
});

test.each([
  { share: 0, want: '[------------------------]  x' },
  { share: 0.999, want: '[#######################-]  x' },
  { share: 1, want: '[########################]  x' },
  { share: undefined, want: 'x' },
])('a bar at $share', ({ share, want }) => {
  expect(barText({ share, parts: ['x'] }, 80)).toBe(want);
});

test('a drain has the rate of the last looks, and the time that is left once all is listed', () => {
  const clock = createManualClock();
  const book = createDrainBook();
  const look = drainStandings(book, clock);
  expect(look()).toMatchObject({ share: 0, parts: ['0 of 0+', '0 B/s', '0 B received'] });

  const recordings = ['a', 'b', 'c', 'd'].map(recordingNamed);
  for (const recording of recordings) book.lacks('main', recording, 'not_reached', '');
  const [a, b] = recordings;
  if (a === undefined || b === undefined) throw new Error('there are four');
  book.received(3_000_000);
  book.stored('main', a, fileOf(a));
  clock.advance(2_000);
  expect(look()).toMatchObject({ share: 0.25, parts: ['1 of 4+', '1.50 MB/s', '3.00 MB received'] });

  book.allSeen();
  book.lacks('main', b, 'failed', '');
  expect(look()).toMatchObject({
    parts: ['1 of 4', '1.50 MB/s', '4s left', '1 failed', '3.00 MB received'],
    fields: { archived: 1, seen: 4, isAllSeen: true, failed: 1, bytesPerSecond: 1_500_000, leftMs: 4_000 },
  });
});

test('a stall shows: the rate falls to nothing', () => {
  const clock = createManualClock();
  const tally = { files: 1, bytes: 1_000_000, findings: 0 };
  const look = verifyStandings(tally, clock);
  clock.advance(1_000);
  expect(look().parts).toEqual(['1 file', '1.00 MB/s', '1.00 MB read']);
  for (let looks = 0; looks < 60; looks += 1) {
    clock.advance(200);
    look();
  }
  tally.findings = 2;
  expect(look()).toMatchObject({ share: undefined, parts: ['1 file', '0 B/s', '2 wrong', '1.00 MB read'] });
});

/** Shows three numbers, one after the other. */
function show(places: Partial<ProgressPlaces>) {
  const clock = createManualClock();
  const told: string[] = [];
  let number = 0;
  const look = () => {
    number += 1;
    return { share: undefined, parts: [`number ${number}`, 'of many'], fields: { number } };
  };
  const progress = showProgress(look, { clock, statusLine: undefined, tell: (line) => told.push(line), ...places });
  return { clock, told, progress };
}

test('a terminal is drawn on five times a second, and left clean', () => {
  const drawn: string[] = [];
  const { clock, told, progress } = show({ statusLine: { columns: 80, draw: (text) => drawn.push(text) } });
  clock.advance(400);
  progress.clear();
  clock.advance(200);
  progress.stop();
  clock.advance(60_000);
  expect(drawn).toEqual(['number 1  of many', 'number 2  of many', '', 'number 3  of many', '']);
  expect(told).toEqual([]);
  expect(clock.timers()).toBe(0);
});

test('elsewhere a line is written every half minute', () => {
  const { clock, told, progress } = show({});
  clock.advance(61_000);
  progress.clear();
  progress.stop();
  expect(told).toEqual(['number 1, of many', 'number 2, of many']);
});

test('programs get fields, on a terminal as well', () => {
  const [lines, drawn]: [string[], string[]] = [[], []];
  const { clock, told, progress } = show({
    tellFields: (line) => lines.push(line),
    statusLine: { columns: 80, draw: (text) => drawn.push(text) },
  });
  clock.advance(30_000);
  progress.stop();
  expect(lines.map((line) => JSON.parse(line))).toEqual([{ kind: 'progress', number: 1 }]);
  expect([...told, ...drawn]).toEqual([]);
});
