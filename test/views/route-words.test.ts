import type { Route } from '../../src/core/routing.js';
import { routeWords } from '../../src/views/route-words.js';

const available: Route = { events: ['recording.available'], only: {} };

test.each<{ name: string; route: Route; want: string | undefined }>([
  { name: 'what every sink is told of is not said', route: available, want: undefined },
  {
    name: 'events',
    route: { events: ['source.failing', 'sink.failing'], only: {} },
    want: 'source.failing and sink.failing',
  },
  {
    name: 'globs',
    route: { ...available, only: { sources: ['prod-*'], rooms: ['lobby', 'hall'] } },
    want: 'recording.available; only of source "prod-*" and room "lobby" or "hall"',
  },
  {
    name: 'many globs',
    route: { ...available, only: { meetings: ['1', '2', '3', '4', '5', '6', '7'] } },
    want: 'recording.available; only of meeting "1", "2", "3", "4", "5" or 2 more',
  },
])('routeWords: $name', ({ route, want }) => {
  expect(routeWords(route)).toBe(want);
});
