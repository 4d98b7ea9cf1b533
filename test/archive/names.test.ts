import fc from 'fast-check';
import { archivePath, DEFAULT_TEMPLATE, extensionOf, templateProblem } from '../../src/archive/names.js';
import { recordingOf } from './conformance.js';

const UUID = '0c6f2c1a-7a3f-4d0e-9b53-2f6d1c9e8a77';
const HASH = /_[0-9a-f]{16}\.mp4$/;

function pathOf(recording: object, template = DEFAULT_TEMPLATE): string {
  return archivePath({ ...recordingOf(UUID), ...recording }, '.mp4', template);
}

test.each([
  { name: 'the usual', recording: {}, want: `main/2026-11-24/room-${UUID}.mp4` },
  { name: 'again', recording: { occurrence: 2 }, want: `main/2026-11-24/room-${UUID}.2.mp4` },
  { name: 'nothing known', recording: { roomId: null, createdAt: null }, want: `main/no-date/no-room-${UUID}.mp4` },
  { name: 'no date', recording: { createdAt: 'yesterday' }, want: `main/no-date/room-${UUID}.mp4` },
  {
    name: 'letters of the world',
    recording: { roomId: 'Zürich 東京' },
    want: `main/2026-11-24/Zürich-東京-${UUID}.mp4`,
  },
  { name: 'a way out', recording: { roomId: '../../etc/passwd' }, want: `main/2026-11-24/_.._etc_passwd-${UUID}.mp4` },
  { name: 'a hidden file', recording: { roomId: '.htaccess' }, want: `main/2026-11-24/htaccess-${UUID}.mp4` },
  { name: 'right to left', recording: { roomId: 'a\u202egpj' }, want: `main/2026-11-24/a_gpj-${UUID}.mp4` },
  { name: 'composed as one', recording: { roomId: 'e\u0301' }, want: `main/2026-11-24/\u00e9-${UUID}.mp4` },
])('the path of $name', ({ recording, want }) => {
  expect(pathOf(recording)).toBe(want);
});

test.each([
  { name: 'a device', template: '{room}/{uuid}{ext}', recording: { roomId: 'aux.txt' }, want: /^_aux\.txt\// },
  {
    name: 'the manifest',
    template: '{room}/{uuid}',
    recording: { roomId: 'Manifest.jsonl' },
    want: /^_Manifest\.jsonl\//,
  },
  { name: 'only dots', template: '{room}/{uuid}', recording: { roomId: '...' }, want: /^_\// },
  { name: 'dots at the end', template: '{room}/{uuid}', recording: { roomId: 'a. . ' }, want: /^a\.-\.-\// },
  {
    name: 'all that there is',
    template: '{source}/{meeting}/{date} {time} {occurrence} {uuid}{ext}',
    recording: {},
    want: /^main\/meeting\/2026-11-24-09-00-00-1-/,
  },
])('a template of its own: $name', ({ template, recording, want }) => {
  expect(pathOf(recording, template)).toMatch(want);
});

test.each([
  { name: 'a uuid of capitals', recording: { uuid: UUID.toUpperCase() }, template: DEFAULT_TEMPLATE },
  { name: 'a source of capitals', recording: { source: 'Main' }, template: DEFAULT_TEMPLATE },
  { name: 'a source that is a device', recording: { source: 'con' }, template: DEFAULT_TEMPLATE },
  { name: 'a template without source', recording: {}, template: '{room}-{uuid}{ext}' },
  { name: 'a uuid in the middle', recording: {}, template: '{source}/{uuid}-{room}{ext}' },
  { name: 'a template that tells nothing', recording: {}, template: 'x' },
])('a hash tells apart what a name does not: $name', ({ recording, template }) => {
  expect(pathOf(recording, template)).toMatch(HASH);
});

test.each([
  { url: 'https://s.example/a/b.WEBM?X-Amz-Signature=x.mp3', want: '.webm' },
  { url: 'https://s.example/a/b.exe', want: '.mp4' },
  { url: 'https://s.example/a/b', want: '.mp4' },
  { url: 'nonsense', want: '.mp4' },
  { url: null, want: '.mp4' },
])('the extension of $url', ({ url, want }) => {
  expect(extensionOf(url)).toBe(want);
});

test.each([
  { template: DEFAULT_TEMPLATE, want: undefined },
  {
    template: '{rom}/{uuid}',
    want: '{rom} is unknown; there are {source} {room} {meeting} {uuid} {date} {time} {occurrence} {ext}',
  },
  { template: '{constructor}', want: expect.stringContaining('is unknown') },
  { template: '{uuid', want: 'a brace in it has no counterpart' },
  { template: '../{uuid}', want: 'it has a part that is empty or made of dots' },
  { template: '/{uuid}', want: 'it has a part that is empty or made of dots' },
  { template: '', want: 'it has a part that is empty or made of dots' },
  { template: 'a/b/c/d/e/{uuid}', want: 'it has more than 4 folders' },
  { template: '{ext}{uuid}', want: '{ext} is not at its end' },
  { template: 'x'.repeat(201), want: 'it is longer than 200 characters' },
])('the template $template is judged', ({ template, want }) => {
  expect(templateProblem(template)).toEqual(want);
});

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.constantFrom(
    '',
    '.',
    '..',
    '../..',
    'CON',
    'nul.mp4',
    'COM¹',
    '\ud800',
    '\u202e',
    ' ',
    'a.',
    'manifest.jsonl',
    '{uuid}',
    '$&',
  ),
);
const recordings = fc.record({
  source: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/),
  uuid: fc.oneof(fc.uuid(), hostile),
  occurrence: fc.integer({ min: 1, max: 20 }),
  roomId: fc.option(hostile),
  meetingId: fc.option(hostile),
  createdAt: fc.option(
    fc.oneof(
      hostile,
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    ),
  ),
});
const templates = fc.oneof(
  fc.constantFrom(
    DEFAULT_TEMPLATE,
    '{room}',
    '{meeting}/{room}/{uuid}-{occurrence}',
    '{source}/{room}{uuid}{ext}',
    'x',
  ),
  hostile,
);
const options = { seed: 5, numRuns: 3_000 };

test('whatever a recording and a template hold, the path is safe on every file system', () => {
  fc.assert(
    fc.property(recordings, templates, (given, template) => {
      const path = archivePath({ ...given, uuid: recordingOf(given.uuid).uuid }, '.mp4', template);
      expect(Buffer.byteLength(path)).toBeLessThan(800);
      expect(path).toBe(path.normalize('NFC'));
      for (const part of path.split('/')) {
        expect(Buffer.byteLength(part)).toBeLessThanOrEqual(240);
        expect(part).not.toMatch(/^[. ]|[. ]$|^$|[<>:"\\|?*%]|\p{C}|\p{Zl}|\p{Zp}/u);
        expect(part).not.toMatch(/^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)/i);
      }
      expect(path.split('/')[0]?.toLowerCase()).not.toBe('manifest.jsonl');
      expect(path).toMatch(/\.mp4$/);
    }),
    options,
  );
});

test('two recordings, or two occurrences, never have one path, also where case does not count', () => {
  const alike = fc.oneof(fc.constantFrom(UUID, UUID.toUpperCase(), `a-${UUID}`, `${UUID}.2`, 'b'), hostile);
  const near = fc.record({
    source: fc.constantFrom('a', 'A', 'con', '_con'),
    uuid: alike,
    occurrence: fc.integer({ min: 1, max: 3 }),
    roomId: fc.constantFrom('a', 'A', 'a-b', `a-${UUID}`, null),
  });
  fc.assert(
    fc.property(near, near, templates, (one, other, template) => {
      const [first, second] = [one, other].map((given) =>
        archivePath({ ...recordingOf(given.uuid), ...given, uuid: recordingOf(given.uuid).uuid }, '.mp4', template),
      );
      const isSame = one.source === other.source && one.uuid === other.uuid && one.occurrence === other.occurrence;
      fc.pre(!isSame);
      expect(first?.toLowerCase().normalize('NFD')).not.toBe(second?.toLowerCase().normalize('NFD'));
    }),
    options,
  );
});
