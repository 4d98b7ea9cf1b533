import type { ReceivedMessage } from '../../src/fake/receiver.js';
import type { LogLine } from '../support/child-program.js';
import { expectedEventId } from '../support/expected-id.js';

/** What a receiver did with a message. `dropped`: it took it, and the connection broke before its yes. */
export type Answer = 'yes' | 'no' | 'dropped';

export interface Arrival {
  readonly sink: string;
  readonly id: string;
  /** Which start of the program sent it. */
  readonly life: number;
  /** undefined while there is none. */
  answer: Answer | undefined;
  /** The program said afterwards that it has stored the yes. */
  isNoted: boolean;
}

/** What became of a story, for people. */
export interface Verdict {
  readonly expected: number;
  /** Deliveries that were expected and never taken. */
  readonly missing: readonly string[];
  /** Messages that nothing had happened for. */
  readonly invented: readonly string[];
  /** Messages that came again after a yes. */
  readonly repeated: number;
  /** The most of these that one kill explains. */
  readonly repeatedMax: number;
  /** Messages that came again after the receiver had taken them and broken the connection. */
  readonly broken: number;
  /** Of both, those that neither a kill nor a broken connection explains. */
  readonly unexplained: readonly string[];
}

/** Everything that arrived, in its order. */
export interface Journal {
  readonly arrivals: readonly Arrival[];
  /** Another process of the program sends from now on. */
  begin(): void;
  arrived(sink: string, message: ReceivedMessage): Arrival;
  /** Takes from the program's log which answers it has stored. */
  note(log: readonly LogLine[]): void;
  hasTaken(sink: string, id: string): boolean;
  hasNoted(sink: string, id: string): boolean;
}

export function createJournal(): Journal {
  const arrivals: Arrival[] = [];
  const taken = new Set<string>();
  let life = 0;

  return {
    arrivals,
    begin: () => {
      life += 1;
    },
    arrived: (sink, message) => {
      let answer: Answer | undefined;
      const arrival: Arrival = {
        sink,
        id: message.id,
        life,
        get answer() {
          return answer;
        },
        set answer(given) {
          answer = given;
          if (isTaken(given)) taken.add(`${sink} ${message.id}`);
        },
        isNoted: false,
      };
      arrivals.push(arrival);
      return arrival;
    },
    note: (log) => {
      const lines = log.filter(({ msg }) => msg === 'delivered');
      const noted = new Set(lines.map(({ sink, event }) => `${sink} ${event}`));
      for (const arrival of arrivals) {
        if (arrival.life === life && noted.has(`${arrival.sink} ${arrival.id}`)) arrival.isNoted = true;
      }
    },
    hasNoted: (sink, id) => arrivals.some((one) => one.isNoted && one.sink === sink && one.id === id),
    hasTaken: (sink, id) => taken.has(`${sink} ${id}`),
  };
}

/** @param expected ids, by the sink that wants them */
export function judge(arrivals: readonly Arrival[], expected: ReadonlyMap<string, ReadonlySet<string>>): Verdict {
  const before = new Map<string, Arrival[]>();
  const unexplained: string[] = [];
  /** By the life that ended before it had stored its yes. */
  const repeated = new Map<number, number>();
  let broken = 0;
  for (const arrival of arrivals) {
    const key = `${arrival.sink} ${arrival.id}`;
    const earlier = before.get(key) ?? [];
    before.set(key, [...earlier, arrival]);
    const yes = earlier.findLast(({ answer }) => answer === 'yes');
    if (yes !== undefined) repeated.set(yes.life, (repeated.get(yes.life) ?? 0) + 1);
    else if (earlier.some(({ answer }) => answer === 'dropped')) broken += 1;
    if (earlier.some((one) => !explains(one, arrival))) unexplained.push(key);
  }
  const wanted = [...expected].flatMap(([sink, ids]) => [...ids].map((id) => `${sink} ${id}`));
  const isWanted = new Set(wanted);
  return {
    expected: wanted.length,
    missing: wanted.filter((key) => before.get(key)?.some(({ answer }) => isTaken(answer)) !== true),
    invented: [...before.keys()].filter((key) => !isWanted.has(key)),
    repeated: repeated.values().reduce((sum, count) => sum + count, 0),
    repeatedMax: Math.max(0, ...repeated.values()),
    broken,
    unexplained,
  };
}

/** A no and a broken connection ask for another attempt; a yes, only if the process died before it could store it. */
function explains(earlier: Arrival, later: Arrival): boolean {
  if (earlier.answer === 'no' || earlier.answer === 'dropped') return true;
  return earlier.life < later.life && !earlier.isNoted;
}

function isTaken(answer: Answer | undefined): boolean {
  return answer === 'yes' || answer === 'dropped';
}

/** What the id of a message must be, from what its body says. */
export function idByContract({ json }: ReceivedMessage): string {
  const { type, data } = json as {
    type: string;
    data: { source: string; recording: { uuid: string }; occurrence: number };
  };
  return expectedEventId(type, data.source, data.recording.uuid, data.occurrence);
}
