import { UNNOTED_RATIO } from '../../src/engine/flights.js';
import type { FakeApi } from '../../src/fake/api.js';
import type { ReceivedMessage } from '../../src/fake/receiver.js';
import { systemClock } from '../../src/system.js';
import type { Dice } from '../sim/dice.js';
import type { Program } from '../support/child-program.js';
import { expectedEventId } from '../support/expected-id.js';
import { type Stage, sourceOf, webhookTo } from '../support/stage.js';
import {
  type Answer,
  type Arrival,
  createJournal,
  idByContract,
  type Journal,
  judge,
  type Verdict,
} from './kill-journal.js';

const PAGE_SIZE = 5;
const AVAILABLE_BEFORE = 20;
const PROCESSING_BEFORE = 10;

/** The one that always says yes, and is told of everything. */
export const SLOW = 'slow';

const CONCURRENCY = 8;
/** Of the three sinks together: no more can be repeated after one kill. */
export const IN_FLIGHT_MAX = 3 * CONCURRENCY * (1 + UNNOTED_RATIO);

type Status = 'available' | 'processing';

/** A platform, its recordings that come and change, and three receivers that are not easy to serve. */
export interface Scene {
  readonly api: FakeApi;
  readonly journal: Journal;
  /** Something that becomes available at once, whose event's id is returned, something that will be, and something that changes back. */
  change(): string;
  /** Awaited before the slow receiver says yes to the next message. */
  holdNext(hold: () => Promise<void>): void;
  /** All receivers have taken it. */
  isTold(id: string): boolean;
  /** All of it is there, and nothing more comes. */
  readonly isOver: boolean;
  start(): Promise<Program>;
  verdict(): Verdict;
  /** `sink id` of all that was asked for. */
  readonly wanted: readonly string[];
}

/** @param more keys of the config beside those of the scene */
export async function openScene(stage: Stage, store: string, dice: Dice, more: object = {}): Promise<Scene> {
  const api = await stage.api({ mode: { pageSizeMax: PAGE_SIZE } });
  const journal = createJournal();
  const expected = new Map<string, Set<string>>();
  /** What happens to a recording once the slow receiver has taken the event. */
  const next = new Map<string, () => void>();
  let hold: (() => Promise<void>) | undefined;
  let changes = 0;
  for (let n = 0; n < AVAILABLE_BEFORE; n += 1) api.recordings.add({ uuid: `told-${n}`, status: 'available' });
  for (let n = 0; n < PROCESSING_BEFORE; n += 1) api.recordings.add({ uuid: `before-${n}` });

  /** Takes its time. */
  async function slow(): Promise<Answer> {
    const waiting = hold;
    hold = undefined;
    if (waiting === undefined) await pause(dice.int(0, 30));
    else await waiting();
    return 'yes';
  }

  /** Is there for a while and then is not. */
  const flapping = async ({ number }: ReceivedMessage): Promise<Answer> => (number % 9 > 5 ? 'no' : 'yes');

  /** Takes a message and breaks the connection. */
  const dropping = async ({ number, arrival }: ReceivedMessage): Promise<Answer> =>
    arrival === 1 && number % 4 === 0 ? 'dropped' : 'yes';

  const sinks = {
    [SLOW]: await sink(SLOW, slow, { events: ['recording.available', 'recording.processing'] }),
    flapping: await sink('flapping', flapping),
    dropping: await sink('dropping', dropping),
  };

  async function sink(name: string, answer: (message: ReceivedMessage) => Promise<Answer>, more: object = {}) {
    expected.set(name, new Set());
    const receiver = await stage.receiver({
      respond: async (message) => {
        expect(message.id).toBe(idByContract(message));
        const arrival: Arrival = journal.arrived(name, message);
        const given = await answer(message);
        arrival.answer = given;
        if (given === 'dropped') throw new Error('the connection breaks');
        if (given === 'yes' && name === SLOW) goOn(message.id);
        return { status: given === 'yes' ? 204 : 503 };
      },
    });
    return webhookTo(receiver, { concurrency: CONCURRENCY, ...more });
  }

  function goOn(id: string): void {
    next.get(id)?.();
    next.delete(id);
  }

  /** The recording takes on the statuses one after the other, each once a poll has seen the one before. */
  function play(uuid: string, statuses: readonly Status[], past: Readonly<Record<Status, number>>): void {
    const [status, ...rest] = statuses;
    if (status === undefined) return;
    const counts = { ...past, [status]: past[status] + 1 };
    const id = expectedEventId(`recording.${status}`, 'production', uuid, counts[status]);
    expected.get(SLOW)?.add(id);
    if (status === 'available') for (const ids of expected.values()) ids.add(id);
    if (rest.length > 0) next.set(id, () => show(uuid, rest, counts));
  }

  function show(uuid: string, statuses: readonly Status[], past: Readonly<Record<Status, number>>): void {
    play(uuid, statuses, past);
    api.recordings.setStatus(uuid, statuses[0] ?? 'available');
  }

  function change(): string {
    const none = { available: 0, processing: 0 };
    const uuid = api.recordings.add({ status: 'available' });
    play(uuid, ['available'], none);
    play(api.recordings.add({}), ['processing', 'available'], none);
    const third = Math.floor(changes / 3);
    if (changes % 3 === 0 && third < PROCESSING_BEFORE) {
      show(`before-${third}`, ['available'], { available: 0, processing: 1 });
    }
    if (changes % 3 === 1 && third < AVAILABLE_BEFORE) {
      show(`told-${third}`, ['processing', 'available'], { available: 1, processing: 0 });
    }
    if (changes % 3 === 2) {
      play(api.recordings.add({ status: 'available' }), ['available', 'processing', 'available'], none);
    }
    changes += 1;
    return expectedEventId('recording.available', 'production', uuid, 1);
  }

  function isOver(): boolean {
    if (next.size > 0) return false;
    return [...expected].every(([name, ids]) => [...ids].every((id) => journal.hasTaken(name, id)));
  }

  stage.configure({
    sources: { production: sourceOf(api, { fullWalk: '*/2 * * * * *' }) },
    sinks,
    store,
    delivery: { retries: Array.from({ length: 50 }, () => '100ms') },
    log: { level: 'debug' },
    ...more,
  });
  return {
    api,
    journal,
    change,
    holdNext: (waiting) => {
      hold = waiting;
    },
    isTold: (id) => [...expected.keys()].every((name) => journal.hasTaken(name, id)),
    get isOver() {
      return isOver();
    },
    start: () => {
      journal.begin();
      return stage.start(['run']);
    },
    get wanted() {
      return [...expected].flatMap(([name, ids]) => [...ids].map((id) => `${name} ${id}`));
    },
    verdict: () => judge(journal.arrivals, expected),
  };
}

/** The moment is what varies here; nothing is waited for. */
export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(delayMs, () => resolve()));
}
