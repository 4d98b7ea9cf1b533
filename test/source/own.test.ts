import type { RecordingUuid } from '../../src/core/id.js';
import { defineSource, type OwnEnd, type OwnPage, type OwnSource, SourceError, z } from '../../src/index.js';
import type { HttpClient } from '../../src/ports.js';
import { describeSource as declareSuite, type SourceSuite } from '../../src/testing.js';
import { createManualClock } from '../support/manual-clock.js';
import { createMemoryLog } from '../support/memory-log.js';
import { walkAll, walkToError } from './support.js';

const NEVER = new AbortController().signal;
const NOTHING = { meetingId: null, roomId: null };

type Walk = (signal: AbortSignal) => AsyncGenerator<OwnPage, OwnEnd | undefined, void>;

/** A source that asks nobody. */
function opened(walk: Walk, more: Partial<OwnSource> = {}) {
  const definition = defineSource({ type: 'mine', open: () => ({ scope: 'here', walk, ...more }) });
  const ports = { http: {} as HttpClient, clock: createManualClock(), random: () => 0, log: createMemoryLog() };
  return definition.open({ name: 'own', settings: {}, ...ports });
}

async function* oneOf(rows: readonly unknown[]): AsyncGenerator<OwnPage, undefined, void> {
  yield { rows };
}

test('what it lists is judged as the rows of our own types are', async () => {
  const source = opened(() => oneOf([{ uuid: 'a', status: 'available', roomId: 7 }, { uuid: 'b' }, null]));
  const { recordings, rejected, end } = await walkAll(source);
  expect(recordings).toEqual([
    { uuid: 'a', status: 'available', roomId: null, meetingId: null, createdAt: null, url: null },
  ]);
  expect([rejected, end]).toEqual([2, { complete: true, pages: 1, shifted: false }]);
  expect(source).toMatchObject({ scope: '["mine","here"]', credentialExpiresAtMs: null });
  expect(await source.find('a' as RecordingUuid, NOTHING, NEVER)).toMatchObject({ uuid: 'a' });
  expect(await source.find('c' as RecordingUuid, NOTHING, NEVER)).toBeUndefined();
});

test('a walk that says that it is not complete is none', async () => {
  const source = opened(async function* () {
    yield { rows: [{ uuid: 'a', status: 'available' }] };
    return { complete: false, reason: 'the rest is missing' };
  });
  expect((await walkAll(source)).end).toEqual({ complete: false, pages: 1, reason: 'the rest is missing' });
});

test('a walk without end is stopped', async () => {
  const source = opened(async function* () {
    for (;;) yield { rows: [] };
  });
  expect((await walkAll(source)).end).toMatchObject({ complete: false, pages: 100_000 });
});

test('a walk that does not look at the signal is stopped all the same, and closed', async () => {
  let closed = false;
  const source = opened(async function* () {
    try {
      for (;;) yield { rows: [] };
    } finally {
      closed = true;
    }
  });
  const stop = new AbortController();
  const walk = source.walk(stop.signal);
  await walk.next();
  stop.abort();
  await expect(walk.next()).rejects.toMatchObject({ kind: 'aborted' });
  expect(closed).toBe(true);
});

test.each([
  { name: 'an error of its own', thrown: new SourceError('gone', 'source own: sold'), want: 'gone', cause: false },
  { name: 'a bug', thrown: new TypeError('token hunter2'), want: 'source_threw', cause: true },
])('$name ends the poll, and says no more than it should', async ({ thrown, want, cause }) => {
  // biome-ignore lint/correctness/useYield: it does not come so far
  const walk: Walk = async function* () {
    throw thrown;
  };
  const { error } = await walkToError(opened(walk));
  expect(error).toMatchObject({ name: 'SourceError', kind: want });
  expect(error.message).not.toContain('hunter2');
  if (cause) expect(error.cause).toBe(thrown);
  const find = async () => {
    throw thrown;
  };
  const found = opened(() => oneOf([]), { find }).find('a' as RecordingUuid, NOTHING, NEVER);
  await expect(found).rejects.toMatchObject({ name: 'SourceError', kind: want });
});

test('a page without rows is a bug', async () => {
  const walk = async function* () {
    yield [{ uuid: 'a', status: 'available' }] as never;
    return undefined;
  };
  expect((await walkToError(opened(walk))).error.kind).toBe('source_threw');
});

const open = (): undefined => undefined;

test.each([
  { name: 'nothing', value: undefined, want: 'is an object with type, settings and open' },
  { name: 'no type', value: { open }, want: 'needs a type, the name that a config calls it by' },
  { name: 'no open', value: { type: 'x' }, want: 'needs open, a function' },
  { name: 'settings of another library', value: { type: 'x', open, settings: {} }, want: 'zod 4' },
])('defineSource refuses what is no source type: $name', ({ value, want }) => {
  expect(() => defineSource(value as never)).toThrow(want);
});

test.each([
  { name: 'nothing', value: undefined, want: 'source own: what its type opens is no object with scope and walk' },
  { name: 'no scope', value: { walk: () => undefined }, want: 'needs a scope' },
  { name: 'no walk', value: { scope: 'x' }, want: 'needs walk' },
])('what a source type opens is looked at: $name', ({ value, want }) => {
  const definition = defineSource({ type: 'mine', open: (): OwnSource => value as never });
  expect(() => definition.open({ name: 'own', settings: {} } as never)).toThrow(want);
});

/** The names of the tests that a source fails. */
async function failuresOf(walk: Walk, more: Partial<SourceSuite> = {}, own: Partial<OwnSource> = {}) {
  const tests: { readonly name: string; readonly body: () => Promise<void> }[] = [];
  let listed: readonly unknown[] = [];
  const definition = defineSource({
    type: 'mine',
    settings: z.strictObject({}),
    open: () => ({ scope: 'here', walk: (signal) => (listed.length === 0 ? oneOf([]) : walk(signal)), ...own }),
  });
  const open: SourceSuite['open'] = async (recordings) => {
    listed = recordings;
    return { settings: {}, close: async () => undefined };
  };
  declareSuite(
    { definition, secrets: ['hunter2'], open, failures: [], ...more },
    { describe: (_name, body) => body(), test: (name, body) => tests.push({ name, body }) },
  );
  const failed: string[] = [];
  for (const { name, body } of tests) await body().catch(() => failed.push(name));
  return failed;
}

const LISTED = [0, 1, 2, 3, 4].map((n) => ({ uuid: `7b0f3e9${n}`, status: n === 1 ? 'processing' : 'available' }));

/** As a source does that looks at its signal. */
function listing(rows: readonly unknown[]): Walk {
  return async function* (signal) {
    if (signal.aborted) throw new SourceError('aborted', 'source suite: stopped');
    yield { rows };
    return undefined;
  };
}

test('a source that does as it should passes', async () => {
  expect(await failuresOf(listing(LISTED))).toEqual([]);
});

test.each([
  { name: 'one is missing', rows: LISTED.slice(1), want: 'lists every recording once, with its status' },
  { name: 'one comes twice', rows: [...LISTED, LISTED[0]], want: 'lists every recording once, with its status' },
  {
    name: 'another status',
    rows: LISTED.map((row) => ({ ...row, status: 'available' })),
    want: 'shows a person what a poll sees',
  },
])('the suite can fail: $name', async ({ rows, want }) => {
  expect(await failuresOf(listing(rows))).toContain(want);
});

test.each([
  { name: 'a secret in the scope', own: { scope: 'hunter2' }, want: /^has a scope/ },
  { name: 'a find that finds everything', own: { find: async () => LISTED[4] }, want: /^finds a recording/ },
])('the suite can fail: $name', async ({ own, want }) => {
  expect(await failuresOf(listing(LISTED), {}, own)).toEqual([expect.stringMatching(want)]);
});

test.each([
  { name: 'another kind', message: 'source suite: no', kind: 'gone' as const },
  { name: 'a secret', message: 'source suite: hunter2', kind: 'timeout' as const },
  { name: 'no name', message: 'no', kind: 'timeout' as const },
  { name: 'two lines', message: 'source suite: no\nno', kind: 'timeout' as const },
])('the suite can fail where a failure is wanted: $name', async ({ message, kind }) => {
  const open = async () => ({ settings: {}, close: async () => undefined });
  const walk: Walk = async function* (signal) {
    yield* listing([])(signal);
    throw new SourceError(kind, message);
  };
  const failures = [{ name: 'slow', want: 'timeout' as const, open }];
  expect(await failuresOf(walk, { failures })).toContain('slow is timeout');
});
