import { deepStrictEqual, doesNotMatch, match, notStrictEqual, ok, strictEqual } from 'node:assert/strict';
import type { RecordingUuid } from '../core/id.js';
import type { Recording } from '../core/recording.js';
import { createHttpClient } from '../http/client.js';
import type { Log } from '../ports.js';
import {
  type ConfiguredSource,
  type SourceDefinition,
  SourceError,
  type SourceFailureKind,
  type WalkEnd,
} from '../source/define.js';
import type { TestFramework } from './framework.js';
import { createManualClock, type ManualClock } from './manual-clock.js';

/** A recording that a platform of the suite lists, in its own form. */
export interface PlatformRecording {
  readonly uuid: string;
  readonly status: 'processing' | 'available';
}

/** What the platform of the suite lists, the newest first; more than one page of them, if it can. */
export const sampleRecordings: readonly PlatformRecording[] = Array.from({ length: 5 }, (_, index) =>
  Object.freeze({ uuid: `7b0f3e9${index}`, status: index === 1 ? 'processing' : 'available' } as const),
);

/** A platform that a source polls: real, and on this machine. */
export interface Platform {
  /** As they would stand in the config, interpolated. */
  readonly settings: unknown;
  /** Resolves when a request has come, whether it is answered or not. */
  reached?(): Promise<void>;
  close(): Promise<void>;
}

export interface SourceSuite {
  readonly definition: SourceDefinition;
  /** What stands in the settings and in the answers of the platforms and must be in no error and no scope. */
  readonly secrets: readonly string[];
  /** A platform that lists these recordings. Two with the same settings are the same account. */
  open(recordings: readonly PlatformRecording[]): Promise<Platform>;
  /** The platform has no word for what is in processing, and lists what is available alone. */
  readonly listsAvailableOnly?: true;
  /** Every class of failure that the type can meet. */
  readonly failures: readonly { readonly name: string; readonly want: SourceFailureKind; open(): Promise<Platform> }[];
  /** Takes a request and says nothing. */
  openSilent?(): Promise<Platform>;
  /** How long the source waits for an answer with the settings of `openSilent`, in milliseconds: 30,000 unless it is given. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
const NAME = 'suite';
const MESSAGE_LENGTH_MAX = 1_000;

/** Declares the tests of a source type. Each opens a platform, polls it and closes it again. */
export function describeSource(suite: SourceSuite, { describe, test }: TestFramework): void {
  const { definition, failures, openSilent, timeoutMs = TIMEOUT_MS } = suite;
  const listed = sampleRecordings.filter(({ status }) => suite.listsAvailableOnly !== true || status === 'available');

  function testOn(name: string, open: () => Promise<Platform>, body: (trial: Trial) => Promise<void>): void {
    test(name, () => tryOn(open, suite, body));
  }

  describe(`every source: ${definition.type}`, () => {
    testOn(
      'lists every recording once, with its status',
      () => suite.open(listed),
      async ({ source }) => {
        const { recordings, end } = await walkAll(source);
        strictEqual(end.complete, true, 'the walk is not complete');
        deepStrictEqual(statusesOf(recordings), statusesOf(listed));
      },
    );
    testOn(
      'reads an empty list to its end',
      () => suite.open([]),
      async ({ source }) => {
        const { recordings, end } = await walkAll(source);
        strictEqual(end.complete, true, 'the walk is not complete');
        deepStrictEqual(recordings, []);
      },
    );
    testOn(
      'walks again after a walk that was given up',
      () => suite.open(listed),
      async ({ source }) => {
        const walk = source.walk(new AbortController().signal);
        await walk.next();
        await walk.return({ complete: false, pages: 1, reason: 'enough' });
        deepStrictEqual(statusesOf((await walkAll(source)).recordings), statusesOf(listed));
      },
    );
    testOn(
      'finds a recording, and says that one is not there',
      () => suite.open(listed),
      async ({ source }) => {
        await findsWhatIsThere(source, listed.at(-1)?.uuid ?? '');
      },
    );
    testOn(
      'shows a person what a poll sees',
      () => suite.open(listed),
      async ({ source }) => {
        const { rows, problem } = await source.look(new AbortController().signal);
        strictEqual(problem, undefined);
        const shown = rows.flatMap((row) => ('recording' in row ? [row.recording] : []));
        ok(shown.length > 0, 'no row of the first page is a recording');
        const known = new Map(statusesOf(listed));
        for (const { uuid, status } of shown) strictEqual(known.get(uuid), status, `${uuid} is ${status}`);
      },
    );
    testOn('has a scope that is the same at every start, without a secret', () => suite.open(listed), hasAScope);
    testOn(
      'refuses a setting that it does not know',
      () => suite.open(listed),
      async ({ platform }) => {
        const settings = { ...(platform.settings as object), colour: 'red' };
        strictEqual(definition.settings.safeParse(settings).success, false, 'it took the setting "colour"');
      },
    );
    testOn(
      'begins nothing when it is stopped already',
      () => suite.open(listed),
      async ({ source, stop }) => {
        stop.abort();
        strictEqual((await failureOf(source, stop.signal, suite)).kind, 'aborted');
      },
    );
    for (const { name, want, open } of failures) {
      testOn(`${name} is ${want}`, open, async ({ source, stop }) => {
        strictEqual((await failureOf(source, stop.signal, suite)).kind, want);
      });
    }
    if (openSilent !== undefined) {
      testOn('gives up when its time is over', openSilent, async ({ source, stop, clock, platform }) => {
        const failure = failureOf(source, stop.signal, suite);
        await platform.reached?.();
        clock.advance(timeoutMs);
        strictEqual((await failure).kind, 'timeout');
      });
      testOn('lets go when it is stopped', openSilent, async ({ source, stop, platform }) => {
        const failure = failureOf(source, stop.signal, suite);
        await platform.reached?.();
        stop.abort();
        strictEqual((await failure).kind, 'aborted');
      });
    }
  });
}

/** One platform and a source that polls it. */
interface Trial {
  readonly platform: Platform;
  readonly source: ConfiguredSource;
  readonly clock: ManualClock;
  readonly stop: AbortController;
  /** As after a restart. */
  openAgain(): ConfiguredSource;
  readonly suite: SourceSuite;
}

async function tryOn(open: () => Promise<Platform>, suite: SourceSuite, body: (trial: Trial) => Promise<void>) {
  const { definition } = suite;
  const platform = await open();
  const clock = createManualClock();
  const http = createHttpClient({ privateAddresses: 'allow', clock, userAgent: 'conformance' });
  const settings = definition.settings.parse(platform.settings);
  const openAgain = () =>
    definition.open({ name: NAME, settings, http, clock, random: () => 0.5, log: NO_LOG, quickRetryDelayMs: 1 });
  try {
    await body({ platform, source: openAgain(), clock, stop: new AbortController(), openAgain, suite });
  } finally {
    await http.close();
    await platform.close();
  }
}

const NO_LOG: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {}

async function walkAll(source: ConfiguredSource, signal = new AbortController().signal) {
  const recordings: Recording[] = [];
  const walk = source.walk(signal);
  let step = await walk.next();
  for (; !step.done; step = await walk.next()) recordings.push(...step.value.recordings);
  const end: WalkEnd = step.value;
  return { recordings, end };
}

function statusesOf(recordings: readonly { readonly uuid: string; readonly status: string }[]) {
  return recordings.map(({ uuid, status }) => [uuid, status] as const).toSorted();
}

async function findsWhatIsThere(source: ConfiguredSource, uuid: string): Promise<void> {
  const { signal } = new AbortController();
  const nothing = { meetingId: null, roomId: null };
  const found = await source.find(uuid as RecordingUuid, nothing, signal);
  strictEqual(found?.uuid, uuid, 'it was not found');
  strictEqual(await source.find('no-such-uuid' as RecordingUuid, nothing, signal), undefined, 'it found what is not');
}

async function hasAScope({ source, openAgain, suite }: Trial): Promise<void> {
  notStrictEqual(source.scope, '');
  strictEqual(openAgain().scope, source.scope);
  withoutSecrets(source.scope, suite);
}

/** What a walk throws: in words that an operator can use, and that hold no secret. */
async function failureOf(source: ConfiguredSource, signal: AbortSignal, suite: SourceSuite): Promise<SourceError> {
  const error = await walkAll(source, signal).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  ok(error !== undefined, 'the walk came to its end');
  ok(error instanceof SourceError, `it threw no SourceError: ${String(error)}`);
  withoutSecrets(error.message, suite);
  match(error.message, /^source suite: \S/, 'the message begins with "source NAME: "');
  doesNotMatch(error.message, /[\r\n]/);
  ok(error.message.length <= MESSAGE_LENGTH_MAX, `the message has at most ${MESSAGE_LENGTH_MAX} characters`);
  return error;
}

function withoutSecrets(text: string, { secrets }: SourceSuite): void {
  const found = secrets.filter((secret) => secret !== '' && text.includes(secret));
  deepStrictEqual(found, [], `these secrets are in ${text}`);
}
