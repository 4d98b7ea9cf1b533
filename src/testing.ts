import './require-node.js';
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from 'node:assert/strict';
import type { RecordingEvent } from './core/event.js';
import type { FailureReason, Outcome } from './core/failure.js';
import { createHttpClient } from './http/client.js';
import type { Programs } from './ports.js';
import type { SinkContext, SinkDefinition, UrlSupply } from './sinks/define.js';
import type { TestFramework } from './testing/framework.js';
import { createManualClock, type ManualClock } from './testing/manual-clock.js';
import { sampleDigest, sampleEvent } from './testing/sample-event.js';

export type { TestFramework } from './testing/framework.js';
export {
  describeSource,
  type Platform,
  type PlatformRecording,
  type SourceSuite,
  sampleRecordings,
} from './testing/source-suite.js';

/** What every type of sink and source is held to, ours and one's own: `recording-notifier/testing`. */

export { createManualClock, type ManualClock, sampleDigest, sampleEvent };

/** A place that a sink delivers to: real, and on this machine. */
export interface Place {
  /** As they would stand in the config, interpolated. */
  readonly settings: unknown;
  /** Where the sink's lines go, for a sink that prints. */
  print?(line: string): Promise<void>;
  /** What is delivered to it, where the URL of {@link sampleEvent} has to lead somewhere. */
  readonly event?: RecordingEvent;
  /** Likewise, for a sink that fetches the recording. */
  readonly urls?: UrlSupply;
  /** Likewise, for a sink that starts programs. */
  readonly programs?: Programs;
  /** What has arrived, as text. */
  arrived(): readonly string[] | Promise<readonly string[]>;
  /** Resolves when the place has got the event, whether it answers or not. */
  reached?(): Promise<void>;
  close(): Promise<void>;
}

export interface SinkSuite {
  readonly definition: SinkDefinition;
  /** What stands in the settings and in the answers of the places and must be in no outcome. */
  readonly secrets: readonly string[];
  /** The place knows a recording again: the second of two deliveries changes nothing. */
  readonly knowsAgain?: true;
  /** A place that takes everything. */
  open(): Promise<Place>;
  /** Every class of failure that the type can meet. */
  readonly failures: readonly { readonly name: string; readonly want: FailureReason; open(): Promise<Place> }[];
  /** Takes the event and says nothing; left out where there is nobody to answer. */
  openSilent?(): Promise<Place>;
  /** Takes the event and answers without end; left out likewise. */
  openEndless?(): Promise<Place>;
}

const TIMEOUT_MS = 20_000;

/** Declares the tests of a sink type. Each opens a place, delivers {@link sampleEvent} to it and closes it again. */
export function describeSink(suite: SinkSuite, { describe, test }: TestFramework): void {
  const { definition, failures, openSilent, openEndless } = suite;

  function testIn(name: string, open: () => Promise<Place>, body: (trial: Trial) => Promise<void>): void {
    test(name, () => tryIn(open, suite, body));
  }

  describe(`every sink: ${definition.type}`, () => {
    testIn('delivers an event, and knows it again by its id', suite.open, (trial) =>
      deliversTwice(trial, suite.knowsAgain === true),
    );
    for (const { name, want, open } of failures) {
      testIn(`${name} is ${want}`, open, async ({ deliver }) => expectFailure(await deliver(), want));
    }
    if (definition.deliverDigest !== undefined) {
      testIn('delivers several events in one message, and knows it again by its id', suite.open, deliversADigestTwice);
      for (const { name, want, open } of failures.slice(0, 1)) {
        testIn(`of a digest too, ${name} is ${want}`, open, async ({ deliverDigest }) =>
          expectFailure(await deliverDigest(), want),
        );
      }
    }
    testIn('refuses a setting that it does not know', suite.open, async ({ place }) => {
      const settings = { ...(place.settings as object), colour: 'red' };
      strictEqual(definition.settings.safeParse(settings).success, false, 'it took the setting "colour"');
    });
    if (openSilent !== undefined) {
      testIn('gives up when its time is over', openSilent, async ({ deliver, place, clock }) => {
        const pending = deliver();
        await place.reached?.();
        clock.advance(TIMEOUT_MS);
        expectLetGo(await pending);
      });
      testIn('lets go when it is stopped', openSilent, async ({ deliver, place, stop }) => {
        const pending = deliver();
        await place.reached?.();
        stop.abort();
        expectLetGo(await pending);
      });
    }
    if (openEndless !== undefined) {
      testIn('takes a yes for a yes, however much is said after it', openEndless, async ({ deliver }) => {
        strictEqual((await deliver()).kind, 'delivered');
      });
    }
    if (definition.connect !== undefined) {
      testIn('tries the connection without a message', suite.open, triesTheConnection);
    }
  });
}

/** One place and one sink that delivers to it. */
interface Trial {
  readonly place: Place;
  readonly clock: ManualClock;
  readonly stop: AbortController;
  /** One attempt, whose outcome holds no secret. */
  deliver(): Promise<Outcome>;
  /** Likewise, of {@link sampleDigest}. */
  deliverDigest(): Promise<Outcome>;
  /** Likewise. */
  connect(): Promise<string | undefined>;
  /** Once, however often it is called. */
  closePlace(): Promise<void>;
}

async function tryIn(open: () => Promise<Place>, suite: SinkSuite, body: (trial: Trial) => Promise<void>) {
  const { definition, secrets } = suite;
  const place = await open();
  const clock = createManualClock();
  const stop = new AbortController();
  const http = createHttpClient({ privateAddresses: 'allow', clock, userAgent: 'conformance' });
  // As in the program: one object for as long as the sink is what it is, and closed at the end.
  const settings = definition.settings.parse(place.settings);
  const print = place.print ?? (() => Promise.reject(new Error('this sink has no business with standard output')));
  const event = place.event ?? sampleEvent;
  const context: SinkContext<unknown> = {
    ...{ name: 'sink', progress: null, settings, http, clock, timeoutMs: TIMEOUT_MS, print },
    ...{ urls: place.urls, programs: place.programs },
    signal: stop.signal,
  };
  // As in the program: the signal ends the attempt's time as well as the notifier's stop.
  async function attempt(
    send: (definition: SinkDefinition, context: SinkContext<unknown>) => Promise<Outcome> | undefined,
  ): Promise<Outcome> {
    const over = new AbortController();
    const timer = clock.after(TIMEOUT_MS, () => over.abort());
    try {
      const outcome = send(definition, { ...context, signal: AbortSignal.any([stop.signal, over.signal]) });
      return await (outcome ?? Promise.reject(new Error('it takes no digest')));
    } finally {
      timer.cancel();
    }
  }
  let closed: Promise<void> | undefined;
  function closePlace(): Promise<void> {
    closed ??= place.close();
    return closed;
  }
  const told = <Said>(said: Promise<Said>) => withoutSecrets(said, secrets, event);
  try {
    await body({
      place,
      clock,
      stop,
      closePlace,
      deliver: () => told(attempt((sink, given) => sink.deliver(event, given))),
      deliverDigest: () => told(attempt((sink, given) => sink.deliverDigest?.(sampleDigest, given))),
      connect: () => told(definition.connect?.(context) ?? Promise.resolve(undefined)),
    });
  } finally {
    await definition.close?.(settings);
    await http.close();
    await closePlace();
  }
}

/** Nor may the event's URL be in it, whose query is what makes it a credential. */
async function withoutSecrets<Said>(
  said: Promise<Said>,
  secrets: readonly string[],
  { data }: RecordingEvent,
): Promise<Said> {
  const text = JSON.stringify(await said) ?? '';
  const { url } = data.recording;
  const hidden = [...secrets, ...(url === null ? [] : [url, new URL(url).search])].filter((secret) => secret !== '');
  const found = hidden.filter((secret) => text.includes(secret) || text.includes(inJson(secret)));
  deepStrictEqual(found, [], `these secrets are in ${text}`);
  return said;
}

/** As it stands inside a text of JSON, where a quote has a backslash before it. */
function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

async function deliversTwice({ deliver, place }: Trial, knowsAgain: boolean): Promise<void> {
  for (const outcome of [await deliver(), await deliver()]) {
    ok(outcome.kind === 'delivered', `it was not delivered: ${JSON.stringify(outcome)}`);
    match(outcome.receipt, /^[ -~]{1,100}$/, 'the receipt is one short line of ASCII');
  }
  const arrived = await place.arrived();
  strictEqual(
    arrived.length,
    knowsAgain ? 1 : 2,
    'two deliveries arrive twice, unless the place knows the recording again',
  );
  const { id, data } = place.event ?? sampleEvent;
  const identity = knowsAgain ? data.recording.uuid : id;
  for (const text of arrived) ok(text.includes(identity), `${identity} is not in ${text}`);
}

/** Whoever reads it finds every event again, and a repeat. */
async function deliversADigestTwice({ deliverDigest, place }: Trial): Promise<void> {
  for (const outcome of [await deliverDigest(), await deliverDigest()]) {
    ok(outcome.kind === 'delivered', `it was not delivered: ${JSON.stringify(outcome)}`);
    match(outcome.receipt, /^[ -~]{1,100}$/, 'the receipt is one short line of ASCII');
  }
  const arrived = await place.arrived();
  strictEqual(arrived.length, 2, 'two digests are two messages');
  const { id, events } = sampleDigest;
  const identities = [id, ...events.map((event) => event.id)];
  for (const text of arrived) for (const each of identities) ok(text.includes(each), `${each} is not in ${text}`);
}

async function triesTheConnection({ connect, place, closePlace }: Trial): Promise<void> {
  strictEqual(await connect(), undefined);
  deepStrictEqual(await place.arrived(), [], 'a message was sent');
  await closePlace();
  strictEqual(typeof (await connect()), 'string', 'it found nothing wrong with a place that is closed');
}

/** The attempt is written off by then, whatever reason the sink has for it; but it has ended, and claims no success. */
function expectLetGo(outcome: Outcome): void {
  strictEqual(outcome.kind, 'failed', 'it was delivered');
}

function expectFailure(outcome: Outcome, want: FailureReason): void {
  ok(outcome.kind === 'failed', 'it was delivered');
  strictEqual(outcome.reason, want, outcome.detail);
  doesNotMatch(outcome.detail, /[\r\n]/);
  ok(outcome.detail.length >= 1 && outcome.detail.length <= 300, 'the detail has 1 to 300 characters');
}
