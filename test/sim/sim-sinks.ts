import { z } from 'zod';
import type { NotifierEvent } from '../../src/core/event.js';
import type { Outcome } from '../../src/core/failure.js';
import { defineSink, type SinkContext } from '../../src/sinks/define.js';
import type { Dice } from './dice.js';
import { type Life, never } from './life.js';
import type { Say } from './sim-store.js';
import type { Tally } from './tally.js';
import type { SimTime } from './time.js';

export const SINK_MOODS = ['works', 'slow', 'dead', 'flaps', 'gone', 'limits', 'throws', 'drops', 'hangs'] as const;
export type SinkMood = (typeof SINK_MOODS)[number];

/** One attempt as the receiver saw it. */
export interface Acceptance {
  readonly sink: string;
  readonly event: NotifierEvent;
  /** Ids of the events in the same message, its own included. */
  readonly together: readonly string[];
  readonly life: Life;
  readonly atMs: number;
  /** The program had given the attempt up when it arrived. */
  readonly isLate: boolean;
  /** Whether the yes reached the program. */
  answered: boolean;
}

export interface SinkWorld {
  readonly time: SimTime;
  readonly dice: Dice;
  readonly tally: Tally;
  readonly say: Say;
  readonly accepted: (acceptance: Acceptance) => void;
  /** An attempt begins, whatever becomes of it. */
  readonly sent: (sink: string) => void;
}

type Context = SinkContext<{ readonly name: string }>;

/** Receivers, each in a mood that changes. */
export class SimSinks {
  readonly #world: SinkWorld;
  readonly #dice: Dice;
  readonly moods = new Map<string, SinkMood>();

  constructor(world: SinkWorld) {
    this.#world = world;
    this.#dice = world.dice.fork('sinks');
  }

  definitionFor(life: Life) {
    return defineSink({
      type: 'simulated',
      summary: 'A receiver of the simulation.',
      settings: z.strictObject({ name: z.string() }),
      example: '',
      concurrency: 1,
      deliver: (event, context) => this.#deliver(life, [event], context),
      deliverDigest: ({ events }, context) => this.#deliver(life, events, context),
    });
  }

  #deliver(life: Life, events: readonly NotifierEvent[], context: Context): Promise<Outcome> {
    const dice = this.#dice;
    const mood = this.moods.get(context.name) ?? 'works';
    const accept = () => events.map((event) => this.#accept(life, event, events, context));
    // When the process dies the request has left, or not.
    const act = life.act('send', () => mood === 'works' && dice.chance(0.5) && accept());
    if (act !== 'lives') return never();
    this.#world.sent(context.name);
    this.#world.tally.add(`sink ${mood}`);
    const isFast = mood !== 'slow';
    const delayMs = isFast ? dice.int(5, 60) : dice.int(1_000, Math.round(context.timeoutMs * 1.3));
    const isEarly = dice.chance(0.5);
    return new Promise((resolve, reject) => {
      const early = isEarly && (mood === 'hangs' || accepts(mood)) ? accept() : undefined;
      life.after(delayMs, () => {
        const acceptances = early ?? (accepts(mood) ? accept() : []);
        const outcome = this.#answer(mood);
        if (outcome === 'throws') return reject(new Error('a mistake of the sink'));
        if (outcome === 'hangs') return;
        const isHeard = outcome.kind === 'delivered' && !context.signal.aborted;
        if (isHeard) for (const acceptance of acceptances) acceptance.answered = true;
        resolve(outcome);
      });
      // A sink that keeps its word ends with its signal; one that hangs does not even do that.
      if (mood === 'hangs') return;
      const aborted: Outcome = { kind: 'failed', reason: 'timeout', detail: 'cut off' };
      context.signal.addEventListener('abort', () => resolve(aborted), { once: true });
    });
  }

  #accept(life: Life, event: NotifierEvent, events: readonly NotifierEvent[], { name, signal }: Context): Acceptance {
    const acceptance = {
      sink: name,
      event,
      together: events.map(({ id }) => id),
      life,
      atMs: this.#world.time.passedMs,
      isLate: signal.aborted,
      answered: false,
    };
    this.#world.say?.(name, () => `accepts ${event.id} ${event.type} of ${aboutWhat(event)}`);
    this.#world.accepted(acceptance);
    return acceptance;
  }

  #answer(mood: SinkMood): Outcome | 'throws' | 'hangs' {
    const dice = this.#dice;
    switch (mood) {
      case 'works':
      case 'slow':
        return { kind: 'delivered', receipt: 'HTTP 204' };
      case 'flaps':
        return failure(dice.pick(['server_error', 'client_error', 'timeout', 'bad_answer']));
      case 'dead':
      case 'drops':
        return failure('connection_failed');
      case 'gone':
        return failure(dice.pick(['gone', 'destination_refused', 'disabled_by_receiver']));
      case 'limits':
        return dice.chance(0.3)
          ? failure('rate_limited')
          : {
              ...failure(dice.pick(['rate_limited', 'overloaded'])),
              retryAfterMs: dice.pick([1, 60, 3_600, 200_000]) * 1_000,
            };
      case 'throws':
        return 'throws';
      case 'hangs':
        return 'hangs';
    }
  }
}

function aboutWhat({ source, data }: NotifierEvent): string {
  if ('recording' in data) return data.recording.uuid;
  return 'sink' in data ? data.sink : (source ?? '');
}

function accepts(mood: SinkMood): boolean {
  return mood === 'works' || mood === 'slow' || mood === 'drops';
}

function failure(reason: Extract<Outcome, { kind: 'failed' }>['reason']): Outcome & { kind: 'failed' } {
  return { kind: 'failed', reason, detail: 'as drawn' };
}
