import fc from 'fast-check';
import type { RecordingEventType, StoredEvent } from '../../src/core/event.js';
import type { EventId } from '../../src/core/id.js';
import type { OperatorEvent } from '../../src/core/operator-event.js';
import { matchesGlob, mismatchOf, type Only, type Route, wants } from '../../src/core/routing.js';
import { storedEvent } from './support.js';

test.each([
  { name: 'itself', glob: 'lobby', text: 'lobby', want: true },
  { name: 'something longer', glob: 'lobby', text: 'lobby 2', want: false },
  { name: 'something shorter', glob: 'lobby', text: 'lobb', want: false },
  { name: 'case counts', glob: 'Lobby', text: 'lobby', want: false },
  { name: 'nothing is anchored away', glob: 'obb', text: 'lobby', want: false },
  { name: 'spaces count', glob: 'lobby', text: ' lobby', want: false },
  { name: 'empty and empty', glob: '', text: '', want: true },
  { name: 'empty glob', glob: '', text: 'a', want: false },
  { name: 'empty text', glob: 'a', text: '', want: false },
  { name: '* is anything', glob: '*', text: 'lobby', want: true },
  { name: '* is nothing too', glob: '*', text: '', want: true },
  { name: '* is / too', glob: 'team/*', text: 'team/a/b', want: true },
  { name: '* is a line break too', glob: 'a*b', text: 'a\n\u2028b', want: true },
  { name: '* at the start', glob: '*-live', text: 'a-live-live', want: true },
  { name: '* at the start, other end', glob: '*-live', text: 'a-live-x', want: false },
  { name: '* in the middle', glob: 'a*c', text: 'abcbc', want: true },
  { name: '* in the middle is nothing', glob: 'a*c', text: 'ac', want: true },
  { name: '* does not overlap', glob: 'ab*ba', text: 'aba', want: false },
  { name: '** is *', glob: 'a**', text: 'a', want: true },
  { name: 'two *, the first gives way', glob: '*ab*ac', text: 'abababac', want: true },
  { name: 'two *, the last gives way', glob: 'a*b*c', text: 'aXbXbXc', want: true },
  { name: '* and then too much', glob: 'a*b', text: 'abX', want: false },
  { name: '? is one', glob: 'room-?', text: 'room-1', want: true },
  { name: '? is not none', glob: 'room-?', text: 'room-', want: false },
  { name: '? is not two', glob: 'room-?', text: 'room-12', want: false },
  { name: '? is / too', glob: 'a?b', text: 'a/b', want: true },
  { name: '? is a whole emoji', glob: '?', text: '🎥', want: true },
  { name: 'two ? are not an emoji', glob: '??', text: '🎥', want: false },
  { name: '*? takes at least one', glob: '*?', text: '', want: false },
  { name: 'an emoji is itself', glob: '🎥*', text: '🎥 studio', want: true },
  { name: 'half an emoji is not the emoji', glob: '\ud83c*', text: '🎥', want: false },
  { name: '\\* is a star', glob: 'a\\*', text: 'a*', want: true },
  { name: '\\* is nothing else', glob: 'a\\*', text: 'ab', want: false },
  { name: '\\? is a question mark', glob: '\\?', text: '?', want: true },
  { name: '\\? is nothing else', glob: '\\?', text: 'a', want: false },
  { name: '\\\\ is a backslash', glob: 'a\\\\b', text: 'a\\b', want: true },
  { name: '\\\\* is a backslash and anything', glob: '\\\\*', text: '\\ab', want: true },
  { name: 'an escaped letter is the letter', glob: '\\n', text: 'n', want: true },
  { name: 'a trailing backslash is one', glob: 'a\\', text: 'a\\', want: true },
  { name: 'a trailing backslash is not nothing', glob: 'a\\', text: 'a', want: false },
  { name: 'nothing else is special', glob: '[a-c]{x,y}!(z)|.+^$', text: '[a-c]{x,y}!(z)|.+^$', want: true },
  { name: 'no class', glob: '[ab]', text: 'a', want: false },
  { name: 'no braces', glob: '{a,b}', text: 'a', want: false },
  { name: 'no negation', glob: '!a', text: 'b', want: false },
  { name: '. is a dot', glob: '.', text: 'a', want: false },
])('matchesGlob: $name', ({ glob, text, want }) => {
  expect(matchesGlob(glob, text)).toBe(want);
});

test('matchesGlob: the same as a regular expression, for any glob and text', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '/', '🎥'), maxLength: 12 });
  const globs = fc.string({ unit: fc.constantFrom('a', 'b', '/', '🎥', '*', '*', '?', '\\'), maxLength: 8 });
  const texts = fc.oneof(letters, globs);
  fc.assert(
    fc.property(globs, texts, (glob, text) => {
      expect(matchesGlob(glob, text)).toBe(regExpOf(glob).test(text));
    }),
    { numRuns: 2_000 },
  );
});

test('matchesGlob: a glob that takes backtracking for ever comes to its end', () => {
  const text = 'a'.repeat(20_000);
  expect(matchesGlob('*a'.repeat(200), text)).toBe(true);
  expect(matchesGlob(`${'*a'.repeat(200)}b`, text)).toBe(false);
  expect(matchesGlob(`${'*a'.repeat(200)}*b*`, text)).toBe(false);
});

/** The naive reading, which may take for ever. */
function regExpOf(glob: string): RegExp {
  const source = glob.replace(/\\(.)|./gsu, (token: string, escaped: string | undefined) => {
    if (escaped !== undefined) return RegExp.escape(escaped);
    if (token === '*') return '[^]*';
    return token === '?' ? '[^]' : RegExp.escape(token);
  });
  return new RegExp(`^${source}$`, 'u');
}

function event(rest: {
  type?: RecordingEventType;
  source?: string;
  roomId?: string | null;
  meetingId?: string | null;
}) {
  const { type = 'recording.available', source = 'production', roomId = 'lobby', meetingId = 'm1' } = rest;
  const recording = { ...storedEvent.data.recording, roomId, meetingId };
  return { ...storedEvent, type, source, data: { ...storedEvent.data, recording } };
}

const noRoom = event({ roomId: null });
const noMeeting = event({ meetingId: null });

test.each<{ name: string; only: Only; event: StoredEvent; want: boolean }>([
  { name: 'nothing is asked', only: {}, event: event({}), want: true },
  { name: 'nothing is asked of a missing room', only: {}, event: event({ roomId: null, meetingId: null }), want: true },
  { name: 'a key that is undefined asks nothing', only: { rooms: undefined }, event: noRoom, want: true },
  { name: 'its source', only: { sources: ['prod*'] }, event: event({}), want: true },
  { name: 'another source', only: { sources: ['staging'] }, event: event({}), want: false },
  { name: 'its room', only: { rooms: ['lobby'] }, event: event({}), want: true },
  { name: 'another room', only: { rooms: ['hall'] }, event: event({}), want: false },
  { name: 'its meeting', only: { meetings: ['m?'] }, event: event({}), want: true },
  { name: 'another meeting', only: { meetings: ['m2'] }, event: event({}), want: false },
  { name: 'the meeting is not the room', only: { rooms: ['m1'] }, event: event({}), want: false },
  { name: 'the room is not the meeting', only: { meetings: ['lobby'] }, event: event({}), want: false },
  { name: 'any of a list', only: { rooms: ['hall', 'lobby'] }, event: event({}), want: true },
  { name: 'none of a list', only: { rooms: ['hall', 'attic'] }, event: event({}), want: false },
  { name: 'none of an empty list', only: { rooms: [] }, event: event({}), want: false },
  { name: 'all keys match', only: { sources: ['*'], rooms: ['l*'], meetings: ['m1'] }, event: event({}), want: true },
  { name: 'one key of two', only: { rooms: ['lobby'], meetings: ['m2'] }, event: event({}), want: false },
  { name: 'the other key of two', only: { sources: ['x'], rooms: ['lobby'] }, event: event({}), want: false },
  { name: 'a missing room, *', only: { rooms: ['*'] }, event: noRoom, want: true },
  { name: 'a missing room, * in a list', only: { rooms: ['lobby', '*'] }, event: noRoom, want: true },
  { name: 'a missing room, **', only: { rooms: ['**'] }, event: noRoom, want: false },
  { name: 'a missing room, empty glob', only: { rooms: [''] }, event: noRoom, want: false },
  { name: 'a missing room is not "null"', only: { rooms: ['null'] }, event: noRoom, want: false },
  { name: 'an empty room is not missing', only: { rooms: ['**'] }, event: event({ roomId: '' }), want: true },
  { name: 'a missing meeting, *', only: { meetings: ['*'] }, event: noMeeting, want: true },
  { name: 'a missing meeting, ?*', only: { meetings: ['?*'] }, event: noMeeting, want: false },
])('wants, only: $name', ({ only, event: routed, want }) => {
  expect(wants({ events: ['recording.available'], only }, routed)).toBe(want);
});

test.each<{ name: string; events: Route['events']; type: RecordingEventType; want: boolean }>([
  { name: 'its type', events: ['recording.available'], type: 'recording.available', want: true },
  { name: 'another type', events: ['recording.available'], type: 'recording.stuck', want: false },
  { name: 'one of several', events: ['recording.available', 'recording.stuck'], type: 'recording.stuck', want: true },
  { name: 'none', events: [], type: 'recording.available', want: false },
])('wants, events: $name', ({ events, type, want }) => {
  expect(wants({ events, only: {} }, event({ type }))).toBe(want);
});

const identity = { id: 'evt_0' as EventId, timestamp: '2024-05-13T17:19:04.120Z' };
const sinceThen = { reason: 'timeout', message: 'it is so', since: '2024-05-13T17:00:00.000Z' };
const sourceFails: OperatorEvent = { ...identity, type: 'source.failing', source: 'production', data: sinceThen };
const sinkFails: OperatorEvent = {
  ...identity,
  type: 'sink.failing',
  source: null,
  data: { ...sinceThen, sink: 'hook', waiting: 3 },
};

test.each<{ name: string; only: Only; event: OperatorEvent; want: boolean }>([
  { name: 'nothing is asked', only: {}, event: sourceFails, want: true },
  { name: 'its source', only: { sources: ['prod*'] }, event: sourceFails, want: true },
  { name: 'another source', only: { sources: ['staging'] }, event: sourceFails, want: false },
  { name: 'rooms do not apply', only: { rooms: ['lobby'] }, event: sourceFails, want: true },
  { name: 'meetings do not apply', only: { meetings: ['m1'] }, event: sourceFails, want: true },
  { name: 'sources do not apply to what has none', only: { sources: ['staging'] }, event: sinkFails, want: true },
])('wants, operator event: $name', ({ only, event: routed, want }) => {
  expect(wants({ events: [routed.type], only }, routed)).toBe(want);
  expect(wants({ events: ['recording.available'], only }, routed)).toBe(false);
});

test.each<{ name: string; route: Route; event: StoredEvent; want: ReturnType<typeof mismatchOf> }>([
  { name: 'nothing', route: { events: ['recording.available'], only: {} }, event: event({}), want: undefined },
  {
    name: 'its type, before anything else',
    route: { events: ['recording.stuck'], only: { sources: ['none'] } },
    event: event({}),
    want: { key: 'events', found: 'recording.available', wanted: ['recording.stuck'] },
  },
  {
    name: 'its source',
    route: { events: ['source.failing'], only: { sources: ['staging', 'test-*'] } },
    event: sourceFails,
    want: { key: 'only.sources', found: 'production', wanted: ['staging', 'test-*'] },
  },
  {
    name: 'a room that is missing',
    route: { events: ['recording.available'], only: { rooms: ['lobby'], meetings: ['none'] } },
    event: noRoom,
    want: { key: 'only.rooms', found: null, wanted: ['lobby'] },
  },
  {
    name: 'its meeting',
    route: { events: ['recording.available'], only: { meetings: ['none'] } },
    event: event({ meetingId: 'm7' }),
    want: { key: 'only.meetings', found: 'm7', wanted: ['none'] },
  },
])('mismatchOf: $name keeps an event from a sink', ({ route, event: routed, want }) => {
  expect(mismatchOf(route, routed)).toEqual(want);
});
