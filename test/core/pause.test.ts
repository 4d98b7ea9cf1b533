import fc from 'fast-check';
import { type Pausable, type PausableKind, pausableOf, withoutPause } from '../../src/core/pause.js';

test.each([
  { name: 'before the pause: moved by all of it', at: 10, since: 100, now: 150, want: 60 },
  { name: 'at its beginning', at: 100, since: 100, now: 150, want: 150 },
  { name: 'within it, of what was under way: moved to its end', at: 120, since: 100, now: 150, want: 150 },
  { name: 'a pause of no time', at: 10, since: 100, now: 100, want: 10 },
  { name: 'the clock went back to before the pause', at: 10, since: 100, now: 50, want: 10 },
  { name: 'the clock went back to before all of it', at: 10, since: 100, now: 5, want: 10 },
])('withoutPause: $name', ({ at, since, now, want }) => {
  expect(withoutPause(at, since, now)).toBe(want);
});

test('a pause makes nothing older, and nothing later than now that was not', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.nat(), (at, since, now) => {
      const moved = withoutPause(at, since, now);
      expect(moved).toBeGreaterThanOrEqual(at);
      expect(moved).toBeLessThanOrEqual(Math.max(at, now));
    }),
  );
});

const THERE: readonly Pausable[] = [
  { kind: 'sink', name: 'hook' },
  { kind: 'sink', name: 'both' },
  { kind: 'source', name: 'both' },
  { kind: 'source', name: 'production' },
  { kind: 'sink', name: 'hook' },
];

test.each<{ name: string; of: string; wanted?: PausableKind; want: object }>([
  { name: 'a sink', of: 'hook', want: { kind: 'sink', name: 'hook' } },
  { name: 'a source', of: 'production', want: { kind: 'source', name: 'production' } },
  { name: 'both, and the sink is meant', of: 'both', wanted: 'sink', want: { kind: 'sink', name: 'both' } },
  { name: 'both, and the source is meant', of: 'both', wanted: 'source', want: { kind: 'source', name: 'both' } },
  { name: 'both', of: 'both', want: { problem: '"both" is a sink and a source; add --sink or --source.' } },
  {
    name: 'neither',
    of: 'hok',
    want: {
      problem: 'There is no sink or source "hok"; the sinks are hook, both, the sources are both, production.',
    },
  },
  {
    name: 'a sink, and a source is meant',
    of: 'hook',
    wanted: 'source',
    want: { problem: 'There is no source "hook"; the sinks are hook, both, the sources are both, production.' },
  },
])('what a name means: $name', ({ of, wanted, want }) => {
  expect(pausableOf(of, wanted, THERE)).toEqual(want);
});

test('what a name means where there is nothing', () => {
  expect(pausableOf('hook', undefined, [])).toEqual({
    problem: 'There is no sink or source "hook"; the sinks are none, the sources are none.',
  });
});
