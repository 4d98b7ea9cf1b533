import type { Clock, Log, Timer } from '../ports.js';
import type { PollReport } from './poll-report.js';

const DAY_MS = 86_400_000;

/** What a run came to. */
export interface Totals {
  readonly durationMs: number;
  readonly polls: number;
  /** Of the polls, those that were not complete. */
  readonly failedPolls: number;
  readonly events: number;
  readonly delivered: number;
  readonly dead: number;
  /** Deliveries not finished by now, as far as they are held in memory. */
  readonly waiting: number;
}

export interface TallyPorts {
  readonly clock: Clock;
  readonly log: Log;
  /** Since the start. */
  readonly deliveries: () => Pick<Totals, 'delivered' | 'dead' | 'waiting'>;
}

/** Counts what is done, and says once a day that the program lives: a log without lines could be that of a dead one. */
export interface Tally {
  readonly totals: Totals;
  note(report: Pick<PollReport, 'result' | 'events'>): void;
  start(): void;
  stop(): void;
}

export function createTally({ clock, log, deliveries }: TallyPorts): Tally {
  const startedMs = clock.monotonicMs();
  const counts = { polls: 0, failedPolls: 0, events: 0 };
  let timer: Timer | undefined;
  let told = totals();

  function totals(): Totals {
    return { durationMs: Math.round(clock.monotonicMs() - startedMs), ...counts, ...deliveries() };
  }

  function start(): void {
    timer = clock.after(DAY_MS, () => {
      const now = totals();
      log.info({ ...since(told, now) }, 'a day of running');
      told = now;
      start();
    });
  }

  return {
    get totals() {
      return totals();
    },
    note: ({ result, events }) => {
      counts.polls += 1;
      if (result !== 'complete') counts.failedPolls += 1;
      counts.events += events;
    },
    start,
    stop: () => timer?.cancel(),
  };
}

function since(before: Totals, now: Totals): Totals {
  return {
    durationMs: now.durationMs - before.durationMs,
    polls: now.polls - before.polls,
    failedPolls: now.failedPolls - before.failedPolls,
    events: now.events - before.events,
    delivered: now.delivered - before.delivered,
    dead: now.dead - before.dead,
    waiting: now.waiting,
  };
}
