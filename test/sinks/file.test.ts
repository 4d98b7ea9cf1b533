import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { RecordingEvent } from '../../src/core/event.js';
import type { EventId } from '../../src/core/id.js';
import { file } from '../../src/sinks/file.js';
import { takeLock } from '../../src/store/lock.js';
import { createManualClock } from '../support/manual-clock.js';
import { sampleEvent } from '../support/sample-event.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/turn.js';
import { describeSink, type Place } from './conformance.js';

function linesOf(path: string): string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
}

async function openFolder(): Promise<Place & { readonly path: string }> {
  const folder = join(temporaryFolder(), 'out');
  mkdirSync(folder);
  const path = join(folder, 'recordings.jsonl');
  return {
    path,
    settings: { path },
    arrived: () => linesOf(path),
    close: async () => rmSync(folder, { recursive: true }),
  };
}

async function openFullDisk(): Promise<Place> {
  const place = await openFolder();
  symlinkSync('/dev/full', place.path);
  return place;
}

async function openMissing(): Promise<Place> {
  const place = await openFolder();
  return { ...place, settings: { path: join(place.path, '../not-mounted/recordings.jsonl') } };
}

async function openInFile(): Promise<Place> {
  const place = await openFolder();
  writeFileSync(place.path, '');
  return { ...place, settings: { path: join(place.path, 'recordings.jsonl') } };
}

async function openInPlaceOf(make: (path: string) => void): Promise<Place> {
  const place = await openFolder();
  make(place.path);
  return place;
}

/** Somebody has the lock beside the file. */
async function openLocked(): Promise<Place> {
  const place = await openFolder();
  const lock = takeLock(place.path);
  return {
    ...place,
    close: async () => {
      lock?.release();
      await place.close();
    },
  };
}

describeSink({
  definition: file,
  secrets: [],
  open: openFolder,
  failures: [
    { name: 'a full disk', want: 'file_full', open: openFullDisk },
    { name: 'a folder that is not there', want: 'file_refused', open: openMissing },
    { name: 'a file in place of the folder', want: 'file_failed', open: openInFile },
    { name: 'a folder in place of the file', want: 'file_refused', open: () => openInPlaceOf(mkdirSync) },
    {
      name: 'a file of somebody else in place of the lock',
      want: 'file_refused',
      open: () => openInPlaceOf((path) => writeFileSync(`${path}.lock`, 'x'.repeat(9_000))),
    },
    {
      name: 'a folder in place of the lock',
      want: 'file_refused',
      open: () => openInPlaceOf((path) => mkdirSync(`${path}.lock`)),
    },
    {
      name: 'a system that has no such files',
      want: 'file_failed',
      open: () => openInPlaceOf((path) => symlinkSync('/proc/self/mem', path)),
    },
  ],
  openSilent: openLocked,
});

function eventOf(number: number): RecordingEvent {
  return { ...sampleEvent, id: `evt_${String(number).padStart(32, '0')}` as EventId };
}

function contextOf(settings: unknown, clock = createManualClock()) {
  return {
    ...{ name: 'lines', progress: null, settings: file.settings.parse(settings), clock, timeoutMs: 20_000 },
    http: {} as never,
    signal: new AbortController().signal,
    print: async () => undefined,
  };
}

function deliver(settings: unknown, event: RecordingEvent, clock = createManualClock()) {
  return file.deliver(event, contextOf(settings, clock));
}

const LINE = JSON.stringify(eventOf(1));

test('a line is the event as it is documented', async () => {
  const { path } = await openFolder();
  const { data, ...rest } = eventOf(1);
  await deliver({ path }, { data, ...rest } as RecordingEvent);
  expect(readFileSync(path, 'utf8')).toBe(`${LINE}\n`);
});

test.each([
  { name: 'a folder in place of the file', end: '', make: mkdirSync },
  { name: 'a folder in place of the lock', end: '.lock', make: mkdirSync },
  {
    name: 'a lock that is a file of somebody else',
    end: '.lock',
    make: (at: string) => writeFileSync(at, 'x'.repeat(99)),
  },
  { name: 'a file that is a link into nowhere', end: '', make: linkIntoNowhere },
  { name: 'a lock that is a link into nowhere', end: '.lock', make: linkIntoNowhere },
])('what is said names the file that is wrong: $name', async ({ end, make }) => {
  const { path } = await openFolder();
  make(path + end);
  const outcome = await deliver({ path }, eventOf(1));
  expect(outcome).toMatchObject({ kind: 'failed', detail: expect.stringContaining(`recordings.jsonl${end}: `) });
});

function linkIntoNowhere(at: string): void {
  symlinkSync('gone/file', at);
}

test.each(['', '.lock'])(
  'a link into a folder that is not there is called so, and seen without writing: FILE%s',
  async (end) => {
    const { path } = await openFolder();
    linkIntoNowhere(path + end);
    const words = `${path}${end}: it is a link into a folder that is not there, ${join(dirname(path), 'gone')}; create that`;
    const outcome = await deliver({ path }, eventOf(1));
    expect(outcome).toMatchObject({ reason: 'file_refused', detail: expect.stringContaining(words) });
    expect(await file.connect?.(contextOf({ path }))).toContain(words);
    mkdirSync(join(dirname(path), 'gone'));
    expect(await file.connect?.(contextOf({ path }))).toBeUndefined();
    expect(await deliver({ path }, eventOf(1))).toMatchObject({ kind: 'delivered' });
  },
);

test('what is shown of it is its line, and writes none', async () => {
  const { path } = await openFolder();
  const context = { name: 'lines', settings: file.settings.parse({ path }) } as never;
  expect(file.render?.(eventOf(1), context)).toEqual([{ name: `a line of ${path}`, content: LINE }]);
  expect(existsSync(path)).toBe(false);
});

test.each([
  { name: 'a whole line', before: `${LINE}\n`, after: `${LINE}\n` },
  { name: 'a torn line', before: `${LINE}\n${LINE.slice(0, 70)}`, after: `${LINE}\n` },
  { name: 'a torn line alone', before: LINE.slice(0, 5), after: '' },
  {
    name: 'a line torn within a character',
    before: Buffer.from(`${LINE}\n{"id":"evt_é`).subarray(0, -1),
    after: `${LINE}\n`,
  },
  { name: 'a line that lacks its end alone', before: LINE, after: `${LINE}\n` },
  { name: 'zeros for a line', before: `${LINE}\n${'\0'.repeat(40)}`, after: `${LINE}\n` },
  { name: 'zeros for the rest of a line', before: `${LINE}\n${LINE.slice(0, 20)}\0\0`, after: `${LINE}\n` },
  { name: 'zeros for the end of a line', before: `${LINE}\0`, after: `${LINE}\n` },
  { name: 'what somebody else has written', before: 'a: 1\nb: 2', after: 'a: 1\nb: 2\n' },
  { name: 'JSON of somebody else, torn', before: '{"name":"x', after: '{"name":"x\n' },
])('after $name comes a line of its own', async ({ before, after }) => {
  const { path } = await openFolder();
  writeFileSync(path, before);
  expect(await deliver({ path }, eventOf(2))).toEqual({ kind: 'delivered', receipt: 'written' });
  expect(readFileSync(path, 'utf8')).toBe(`${after}${JSON.stringify(eventOf(2))}\n`);
});

function longEventOf(number: number, characters: number): RecordingEvent {
  const { data } = sampleEvent;
  return { ...eventOf(number), data: { ...data, recording: { ...data.recording, roomId: 'r'.repeat(characters) } } };
}

test('a file that is long enough makes room for the next one, and the oldest goes', async () => {
  const { path } = await openFolder();
  const characters = 499 - JSON.stringify(longEventOf(1, 0)).length;
  const settings = { path, maxSize: '1kB', keep: '2' };
  for (let number = 1; number <= 9; number += 1) await deliver(settings, longEventOf(number, characters));
  const numbersIn = (end: string) => linesOf(path + end).map((line) => Number(JSON.parse(line).id.slice(4)));
  expect(['', '.1', '.2', '.3'].map(numbersIn)).toEqual([[9], [7, 8], [5, 6], []]);
});

test('fewer files are kept once fewer are wanted', async () => {
  const { path } = await openFolder();
  const settings = { path, maxSize: '1kB' };
  for (let number = 1; number <= 8; number += 1) await deliver({ ...settings, keep: 5 }, longEventOf(number, 2_000));
  for (let number = 9; number <= 10; number += 1) await deliver({ ...settings, keep: 2 }, longEventOf(number, 2_000));
  const there = Array.from({ length: 7 }, (_, number) => number + 1).filter((n) => existsSync(`${path}.${n}`));
  expect(there).toEqual([1, 2]);
});

test('a line that is longer than a file may be has one for itself', async () => {
  const { path } = await openFolder();
  for (const number of [1, 2]) await deliver({ path, maxSize: '1kB' }, longEventOf(number, 2_000));
  expect(['', '.1', '.2'].map((end) => linesOf(path + end).length)).toEqual([1, 1, 0]);
});

test('a line counts once the disk has it, and a new name once its folder has', async () => {
  const { path } = await openFolder();
  const settings = { path, maxSize: '1kB' };
  const seen = await watchHandles();
  const steps: string[][] = [];
  for (const number of [1, 2, 3]) {
    await deliver(settings, number < 3 ? eventOf(number) : longEventOf(number, 2_000));
    steps.push(seen.done.splice(0));
  }
  seen.end();
  const line = ['write recordings.jsonl', 'sync recordings.jsonl'];
  expect(steps).toEqual([[...line, 'sync out'], line, [...line, 'sync out']]);
});

/** What is written and synced through handles, each once it is done. */
async function watchHandles(): Promise<{ readonly done: string[]; end(): void }> {
  const done: string[] = [];
  const probe = await open('/dev/null');
  const methods = Object.getPrototypeOf(probe) as Record<'write' | 'sync', (...given: unknown[]) => Promise<unknown>>;
  await probe.close();
  const { write, sync } = methods;
  for (const [name, method] of Object.entries({ write, sync })) {
    methods[name as 'write' | 'sync'] = async function (this: FileHandle, ...given) {
      const place = basename(readlinkSync(`/proc/self/fd/${this.fd}`));
      const result = await method.apply(this, given);
      done.push(`${name} ${place}`);
      return result;
    };
  }
  return { done, end: () => void Object.assign(methods, { write, sync }) };
}

test('two sinks that write to one file at once take turns', async () => {
  const { path } = await openFolder();
  const numbers = Array.from({ length: 40 }, (_, index) => index);
  await Promise.all(numbers.map((number) => deliver({ path, keep: number % 2 === 0 ? 3 : 4 }, eventOf(number))));
  expect(linesOf(path)).toEqual(numbers.map((number) => JSON.stringify(eventOf(number))));
});

test('waits for another process that writes, and writes then', async () => {
  const { path } = await openFolder();
  const lock = takeLock(path);
  const clock = createManualClock();
  const pending = deliver({ path }, eventOf(1), clock);
  await until(() => clock.timers() === 1);
  lock?.release();
  clock.advance(25);
  expect(await pending).toMatchObject({ kind: 'delivered' });
  expect(linesOf(path)).toHaveLength(1);
});
