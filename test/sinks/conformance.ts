import type { FailureReason, Outcome } from '../../src/core/failure.js';
import { createHttpClient } from '../../src/http/client.js';
import type { HttpClient } from '../../src/ports.js';
import type { SinkContext, SinkDefinition } from '../../src/sinks/define.js';
import { createManualClock, type ManualClock } from '../support/manual-clock.js';
import { sampleEvent } from '../support/sample-event.js';

/** A place that a sink delivers to: real, and on this machine. */
export interface Place {
  /** As they would stand in the config, interpolated. */
  readonly settings: unknown;
  /** Where the sink's lines go, for a sink that prints. */
  print?(line: string): Promise<void>;
  /** What has arrived, as text. */
  arrived(): readonly string[];
  /** Resolves when the place has got the event, whether it answers or not. */
  reached?(): Promise<void>;
  close(): Promise<void>;
}

export interface SinkSuite {
  readonly definition: SinkDefinition;
  /** What stands in the settings and in the answers of the places and must be in no outcome. */
  readonly secrets: readonly string[];
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

/** What every sink type is held to, whatever it delivers to. */
export function describeSink(suite: SinkSuite): void {
  const { definition, secrets, openSilent, openEndless } = suite;
  let clock: ManualClock;
  let http: HttpClient;
  let stop: AbortController;
  let place: Place;

  beforeEach(() => {
    clock = createManualClock();
    http = createHttpClient({ privateAddresses: 'allow', clock, userAgent: 'conformance' });
    stop = new AbortController();
  });

  afterEach(async () => {
    await http.close();
    await place.close();
  });

  function contextOf({ settings, print }: Place): SinkContext<unknown> {
    return {
      name: 'sink',
      progress: null,
      settings: definition.settings.parse(settings),
      http,
      clock,
      timeoutMs: TIMEOUT_MS,
      signal: stop.signal,
      print: print ?? (() => Promise.reject(new Error('this sink has no business with standard output'))),
    };
  }

  function deliver(): Promise<Outcome> {
    return definition.deliver(sampleEvent, contextOf(place));
  }

  function expectNoSecret(value: unknown): void {
    const text = JSON.stringify(value) ?? '';
    for (const secret of [...secrets, sampleEvent.data.recording.url ?? '']) expect(text).not.toContain(secret);
  }

  describe(`every sink: ${definition.type}`, () => {
    test('delivers an event, and knows it again by its id', async () => {
      place = await suite.open();
      const outcomes = [await deliver(), await deliver()];
      expect(outcomes).toEqual(
        [0, 1].map(() => ({ kind: 'delivered', receipt: expect.stringMatching(/^[ -~]{1,100}$/) })),
      );
      expect(place.arrived()).toHaveLength(2);
      for (const text of place.arrived()) expect(text).toContain(sampleEvent.id);
      expectNoSecret(outcomes);
    });

    test.each(suite.failures.map((failure) => ({ ...failure })))('$name is $want', async ({ want, open }) => {
      place = await open();
      const outcome = await deliver();
      expect(outcome).toMatchObject({
        kind: 'failed',
        reason: want,
        detail: expect.stringMatching(/^[^\r\n]{1,300}$/),
      });
      expectNoSecret(outcome);
    });

    test('refuses a setting that it does not know', async () => {
      place = await suite.open();
      const settings = { ...(place.settings as object), colour: 'red' };
      expect(definition.settings.safeParse(settings).success).toBe(false);
    });

    if (openSilent !== undefined) {
      test('gives up when its time is over', async () => {
        place = await openSilent();
        const pending = deliver();
        await place.reached?.();
        clock.advance(TIMEOUT_MS);
        const outcome = await pending;
        expect(outcome).toMatchObject({ kind: 'failed', reason: 'timeout' });
        expectNoSecret(outcome);
      });

      test('lets go when it is stopped', async () => {
        place = await openSilent();
        const pending = deliver();
        await place.reached?.();
        stop.abort();
        const outcome = await pending;
        expect(outcome).toMatchObject({ kind: 'failed', reason: 'stopped' });
        expectNoSecret(outcome);
      });
    }

    if (openEndless !== undefined) {
      test('takes a yes for a yes, however much is said after it', async () => {
        place = await openEndless();
        expect(await deliver()).toMatchObject({ kind: 'delivered' });
      });
    }

    const { connect } = definition;
    if (connect !== undefined) {
      test('tries the connection without a message', async () => {
        place = await suite.open();
        expect(await connect(contextOf(place))).toBeUndefined();
        expect(place.arrived()).toEqual([]);
        await place.close();
        const problem = await connect(contextOf(place));
        expect(problem).toEqual(expect.any(String));
        expectNoSecret(problem);
      });
    }
  });
}
