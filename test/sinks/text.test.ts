import fc from 'fast-check';
import type { RecordingEvent } from '../../src/core/event.js';
import {
  cutText,
  dateMsOf,
  dateWords,
  durationWords,
  escapeHtml,
  escapeSlack,
  oneLine,
  processedForMs,
  titleOf,
  webLink,
} from '../../src/sinks/text.js';
import { sampleEvent } from '../support/sample-event.js';

test.each([
  { name: 'plain text stays', text: 'Lobby “é” 🎥', want: 'Lobby “é” 🎥' },
  { name: 'line breaks become a space', text: 'a\r\nBcc: x\u2028b', want: 'a Bcc: x b' },
  { name: 'control characters become a space', text: 'a\u0000\u001b[31mb\u0085c\u007f', want: 'a [31mb c' },
  { name: 'spaces of any kind become one', text: '  a \u00a0\u3000\t b ', want: 'a b' },
  { name: 'directions of writing go', text: 'exe\u202e4pm\u2066.\u200f\u061c', want: 'exe4pm.' },
  { name: 'invisible characters go', text: 'a\u200b\ufeff\u00adb', want: 'ab' },
  { name: 'joiners stay', text: '👩‍💻 می‌خواهم', want: '👩‍💻 می‌خواهم' },
  { name: 'half a surrogate pair is replaced', text: 'a\ud83d', want: 'a\ufffd' },
  { name: 'nothing is nothing', text: ' \u202e\n', want: '' },
  { name: 'nor is what nobody sees', text: '\u3164 \u115f\u2800\u200d\ufe0f', want: '' },
  { name: 'a long text is cut', text: 'a'.repeat(21), want: `${'a'.repeat(19)}…` },
])('oneLine: $name', ({ text, want }) => {
  expect(oneLine(text, 20)).toBe(want);
});

test.each([
  { name: 'what fits stays', text: 'abcd', max: 4, want: 'abcd' },
  { name: 'the ellipsis counts', text: 'abcde', max: 4, want: 'abc…' },
  { name: 'no code point is cut in two', text: 'ab🎥🎥', max: 4, want: 'ab…' },
  { name: 'a code point that fits stays', text: 'ab🎥🎥', max: 5, want: 'ab🎥…' },
  { name: 'room for the ellipsis alone', text: 'ab', max: 1, want: '…' },
])('cutText: $name', ({ text, max, want }) => {
  expect(cutText(text, max)).toBe(want);
});

test('oneLine keeps its promises for any text', () => {
  const hostile = fc.string({ unit: 'binary', maxLength: 60 });
  fc.assert(
    fc.property(hostile, fc.integer({ min: 1, max: 40 }), (text, max) => {
      const line = oneLine(text, max);
      expect(line.length).toBeLessThanOrEqual(max);
      expect(line.isWellFormed()).toBe(true);
      expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});

test.each([
  { name: 'a mention', text: '<!channel> & <@U1>', slack: '&lt;!channel&gt; &amp; &lt;@U1&gt;' },
  { name: 'what is escaped already', text: '&lt;', slack: '&amp;lt;' },
  { name: 'nothing else', text: '*a* _b_ `c` "d"', slack: '*a* _b_ `c` "d"' },
])('escapeSlack: $name', ({ text, slack }) => {
  expect(escapeSlack(text)).toBe(slack);
});

test('escapeHtml covers text and attributes', () => {
  expect(escapeHtml(`<b>"&'`)).toBe('&lt;b&gt;&quot;&amp;&#39;');
});

test.each([
  { name: 'https', url: 'https://a.example/b?c=d&e', want: 'https://a.example/b?c=d&e' },
  { name: 'http', url: 'http://a.example', want: 'http://a.example/' },
  { name: 'angles and spaces are encoded', url: 'https://a.example/<b> c', want: 'https://a.example/%3Cb%3E%20c' },
  { name: 'a script', url: 'javascript:alert(1)', want: undefined },
  { name: 'no URL', url: 'recording.mp4', want: undefined },
  { name: 'none', url: null, want: undefined },
  { name: 'one that does not fit', url: `https://a.example/${'b'.repeat(40)}`, want: undefined },
])('webLink: $name', ({ url, want }) => {
  expect(webLink(url, 40)).toBe(want);
});

test.each([
  { name: 'a date', text: '2024-05-13T17:14:00.941Z', want: 1_715_620_440_941 },
  { name: 'something else', text: 'yesterday', want: undefined },
  { name: 'a number', text: '1', want: undefined },
  { name: 'a date that does not exist', text: '2024-13-41T00:00:00Z', want: undefined },
  { name: 'before 1970', text: '1969-12-31T23:59:59Z', want: undefined },
  { name: 'none', text: null, want: undefined },
])('dateMsOf: $name', ({ text, want }) => {
  expect(dateMsOf(text)).toBe(want);
});

test.each([
  { text: '2024-05-13T17:14:59.999Z', want: '13 May 2024, 17:14 UTC' },
  { text: '2024-12-01T00:00:00Z', want: '1 Dec 2024, 00:00 UTC' },
])('dateWords: $want', ({ text, want }) => {
  expect(dateWords(Date.parse(text))).toBe(want);
});

test.each([
  { zone: 'Europe/Berlin', want: '14 May 2024, 01:30 CEST' },
  { zone: 'America/New_York', want: '13 May 2024, 19:30 GMT-4' },
  { zone: 'Asia/Kathmandu', want: '14 May 2024, 05:15 GMT+5:45' },
])('dateWords in $zone: $want', ({ zone, want }) => {
  expect(dateWords(Date.parse('2024-05-13T23:30:00Z'), zone)).toBe(want);
});

test.each([
  { ms: 0, want: 'less than a second' },
  { ms: 1_000, want: '1 second' },
  { ms: 303_179, want: '5 minutes 3 seconds' },
  { ms: 3_600_000, want: '1 hour' },
  { ms: 3_660_000, want: '1 hour 1 minute' },
  { ms: 3_605_000, want: '1 hour' },
  { ms: 86_400_000 * 2 + 3_600_000 * 3 + 1, want: '2 days 3 hours' },
])('durationWords: $ms ms is $want', ({ ms, want }) => {
  expect(durationWords(ms)).toBe(want);
});

function eventWith(change: Partial<RecordingEvent>, data: Partial<RecordingEvent['data']> = {}): RecordingEvent {
  return { ...sampleEvent, ...change, data: { ...sampleEvent.data, ...data } };
}

const { recording } = sampleEvent.data;

test.each([
  { name: 'seen in processing, then available', event: sampleEvent, want: 303_179 },
  { name: 'stuck', event: eventWith({ type: 'recording.stuck' }), want: 303_179 },
  { name: 'first seen as available', event: eventWith({}, { previousStatus: null }), want: undefined },
  { name: 'available again', event: eventWith({}, { occurrence: 2 }), want: undefined },
  { name: 'in processing', event: eventWith({ type: 'recording.processing' }), want: undefined },
  { name: 'no date', event: eventWith({}, { recording: { ...recording, createdAt: null } }), want: undefined },
  { name: 'from the future', event: eventWith({ timestamp: '2024-05-13T17:13:00Z' }), want: undefined },
])('processedForMs: $name', ({ event, want }) => {
  expect(processedForMs(event)).toBe(want);
});

test.each([
  { event: sampleEvent, want: 'Recording available' },
  { event: eventWith({ type: 'recording.processing' }), want: 'Recording in processing' },
  { event: eventWith({ type: 'recording.stuck' }), want: 'Recording stuck in processing' },
  { event: eventWith({}, { test: true }), want: 'TEST: Recording available' },
])('titleOf: $want', ({ event, want }) => {
  expect(titleOf(event)).toBe(want);
});
