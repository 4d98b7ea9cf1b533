import { announceRemembered, type Change, type DiffPolicy, diff, type PollPhase } from '../core/diff.js';
import { emptyListText, isDoubtful, isWorthNoting } from '../core/empty-list.js';
import type { Recording } from '../core/recording.js';
import { afterPage, isNewestFirst, isSettled } from '../core/settled.js';
import type { WalkMark } from '../core/walk-mark.js';
import type { Clock, Ledger, RememberedRecording, SourceMark } from '../ports.js';
import type { Page, WalkEnd } from '../source/define.js';
import { askForAwaited } from './ask-awaited.js';
import { CommitChanges, type CommitPorts } from './commit-changes.js';
import { inGroups } from './in-groups.js';
import { listedBefore } from './listed-before.js';
import type { PollReport } from './poll-report.js';
import type { PolledSource } from './polled-source.js';
import { noteSettled, type Tallies, withoutSettled } from './settled-rows.js';
import { WalkRows } from './walk-rows.js';
import { WalkTally } from './walk-tally.js';

/** A list that shifts under a walk, or a first poll that goes on meeting new recordings, is walked so often at most. */
const WALKS_MAX = 3;
/** Kept of a walk, as of a page. */
const REASONS_MAX = 20;
/** No poll takes longer. */
const POLL_MS_MAX = 3_600_000;
const TOO_LONG = 'the list could not be walked within an hour; raise paging.size, or split the source by roomId';

export interface PollerPorts extends CommitPorts {
  /** Events of one poll that go at once. */
  readonly floodLimit: () => number;
  readonly clock: Clock;
}

/** One poll: walks the list, stores what changed and what is to be delivered in one write a slice, and reports. Never throws. */
export async function poll(polled: PolledSource, ports: PollerPorts, signal: AbortSignal): Promise<PollReport> {
  const tooLong = new AbortController();
  const timer = ports.clock.after(POLL_MS_MAX, () => tooLong.abort());
  const run = new PollRun(polled, ports, AbortSignal.any([signal, tooLong.signal]));
  try {
    const report = await run.poll();
    return report.result === 'failed' && tooLong.signal.aborted ? { ...report, reason: TOO_LONG } : report;
  } finally {
    timer.cancel();
  }
}

/** How a walk ended that found nothing more to look for. */
interface Stopped {
  readonly complete: true;
  readonly pages: number;
  readonly shifted: false;
  readonly isEarly: true;
}

class PollRun {
  readonly #polled: PolledSource;
  readonly #ports: PollerPorts;
  readonly #signal: AbortSignal;
  readonly #startedMs: number;
  readonly #store: CommitChanges;
  #phase: PollPhase = 'normal';
  /** As it is stored; undefined: of no use. */
  #mark: WalkMark | undefined;
  /** The walk may stop where nothing is new. */
  #mayStop = false;
  /** Of the latest walk. */
  #rows: WalkRows;
  #reasons = new Set<string>();
  #tally = new WalkTally(undefined);
  #total: number | undefined;
  #isFull = true;
  #pages = 0;
  #unknown = 0;

  constructor(polled: PolledSource, ports: PollerPorts, signal: AbortSignal) {
    this.#polled = polled;
    this.#ports = ports;
    this.#signal = signal;
    this.#startedMs = ports.clock.monotonicMs();
    this.#rows = this.#newRows();
    this.#store = new CommitChanges(polled.config.name, ports);
  }

  async poll(): Promise<PollReport> {
    const { walks } = this.#polled;
    try {
      const mark = await this.#ledger.sourceMark(this.#name);
      if (mark === undefined) this.#phase = 'first';
      else if (mark.scope !== this.#scope) this.#phase = 'new-scope';
      await this.#decideHowFar();
      const end = await this.#walkUntilSettled();
      this.#isFull = !('isEarly' in end);
      if (!end.complete) {
        walks.isFullDue = true;
        return this.#report('incomplete', end.reason);
      }
      if (!this.#isFull) await this.#askForAwaited();
      return await this.#judge(mark);
    } catch (error) {
      // What it had not reached may be news.
      if (this.#pages > 0) walks.isFullDue = true;
      return this.#report('failed', error instanceof Error ? error.message : String(error), error);
    }
  }

  get #name(): string {
    return this.#polled.config.name;
  }

  get #scope(): string {
    return this.#polled.source.scope;
  }

  get #ledger(): Ledger {
    return this.#ports.ledger;
  }

  /** A walk may stop early if the one before it ended well, and a full one is not due. */
  async #decideHowFar(): Promise<void> {
    if (this.#phase !== 'normal') return;
    const { walks } = this.#polled;
    const mark = await this.#ledger.walkMark(this.#name);
    if (mark?.scope !== this.#scope) return;
    this.#mark = mark;
    const agoMs = this.#ports.clock.nowMs() - Math.max(mark.fullAtMs, walks.fullAtMs);
    // A time ahead of now was noted before the clock went back.
    const isOld = walks.isNew && (agoMs < 0 || agoMs > walks.fullEveryMs);
    this.#mayStop = !mark.isOpen && !walks.isFullDue && !isOld;
  }

  /** What a list that came to its end says. */
  async #judge(mark: SourceMark | undefined): Promise<PollReport> {
    const { rows, rejected } = this.#rows.counts;
    const isFirst = mark === undefined || this.#phase !== 'normal';
    const before = isFirst || rows > 0 ? 0 : await listedBefore(this.#ledger, this.#name, mark);
    const isDoubted = isDoubtful(rows, before);
    // A list that nobody can read is not an empty one: what it holds would all be announced once it can be read.
    if ((isFirst || isDoubted) && rows === 0 && rejected > 0) {
      return this.#report('incomplete', `none of the ${rejected} rows of the list is a recording`);
    }
    if (isDoubted && this.#polled.config.emptyList === 'doubt') {
      const reason = emptyListText(before, `sources.${this.#name}.emptyList`);
      return { ...this.#report('incomplete', reason), isEmptyInDoubt: true };
    }
    if (isFirst) await this.#endFirstPoll();
    else if (isWorthNoting(this.#listed, mark.listed))
      await this.#ledger.markSource(this.#name, { ...mark, listed: this.#listed });
    await this.#endWalk();
    return this.#report('complete');
  }

  get #listed(): number {
    return this.#isFull ? this.#rows.counts.rows : (this.#total ?? this.#rows.counts.rows);
  }

  /** Notes that the walk has ended well, in the store only where that says something new. */
  async #endWalk(): Promise<void> {
    const { walks } = this.#polled;
    const known = this.#mark;
    if (this.#isFull) {
      walks.fullAtMs = this.#ports.clock.nowMs();
      walks.isFullDue = false;
    }
    walks.isNew = false;
    const fullAtMs = Math.max(walks.fullAtMs, this.#isFull ? 0 : (known?.fullAtMs ?? 0));
    const { available, awaited } = this.#tally;
    const total = this.#total ?? null;
    const next: WalkMark = { scope: this.#scope, isOpen: false, total, available, fullAtMs, awaited };
    const isSame =
      known !== undefined && JSON.stringify({ ...next, fullAtMs: known.fullAtMs }) === JSON.stringify(known);
    if (!isSame) await this.#ledger.markWalk(this.#name, next);
  }

  /** Rows shift while pages are read: walks again where that may have hidden something, or a first poll would count as complete too early. */
  async #walkUntilSettled(): Promise<WalkEnd | Stopped> {
    for (let walks = 1; ; walks += 1) {
      const unknownBefore = this.#unknown;
      const end = await this.#walk();
      if (!end.complete || 'isEarly' in end || walks === WALKS_MAX) return end;
      const metUnknown = this.#unknown > unknownBefore;
      const pagesShift = end.pages > 1 && (end.shifted || (this.#phase !== 'normal' && metUnknown));
      // An empty list is believed at the second look only: taken for the whole, everything that comes after it would be announced.
      const emptyAtFirst = this.#phase !== 'normal' && walks === 1 && this.#rows.counts.rows === 0;
      if (!pagesShift && !emptyAtFirst) return end;
      this.#mayStop = false;
    }
  }

  async #walk(): Promise<WalkEnd | Stopped> {
    this.#polled.walks.settled.startWalk();
    this.#rows = this.#newRows();
    this.#reasons = new Set();
    // Until it stops early, all rows come: what it has counted of them is what there is.
    this.#tally = new WalkTally(undefined);
    const short = new WalkTally(this.#mark);
    const walk = this.#polled.source.walk(this.#signal);
    for (let step = await walk.next(); ; step = await walk.next()) {
      if (step.done) return step.value;
      this.#pages += 1;
      this.#total = step.value.total;
      const isSettledPage = await this.#takePage(step.value, { all: this.#tally, short });
      if (!this.#mayStop || !this.#stopsAfter(step.value, isSettledPage)) continue;
      this.#tally = short;
      const end = { complete: true, pages: this.#pages, shifted: false } as const;
      await walk.return(end);
      return { ...end, isEarly: true };
    }
  }

  #stopsAfter({ recordings, total }: Page, isSettledPage: boolean): boolean {
    const then = afterPage({
      isSettled: isSettledPage,
      isNewestFirst: isNewestFirst(recordings.map(({ createdAt }) => createdAt)),
      ...{ total, totalBefore: this.#mark?.total ?? null, unknown: this.#unknown },
    });
    this.#mayStop = then !== 'to the end';
    return then === 'stop';
  }

  /** @returns whether nothing of it was new or is waited for */
  async #takePage(page: Page, tallies: Tallies): Promise<boolean> {
    const { config } = this.#polled;
    this.#rows.counts.rejected += page.rejected.count;
    for (const reason of page.rejected.reasons) if (this.#reasons.size < REASONS_MAX) this.#reasons.add(reason);
    this.#ports.urls.refresh(config.name, page.recordings);
    const { hasNew, unsure } = this.#takeRows(page.recordings, tallies);
    // A page that only repeats rows tells of paging that is not understood.
    let isSettledPage = hasNew;
    for (const slice of this.#store.slices(unsure))
      isSettledPage = (await this.#takeSlice(slice, tallies)) && isSettledPage;
    return isSettledPage;
  }

  /** Counts what is known to be settled. */
  #takeRows(recordings: readonly Recording[], tallies: Tallies) {
    const unsure: Recording[] = [];
    let hasNew = false;
    for (const recording of recordings) {
      const taken = this.#rows.take(recording);
      if (taken === 'repeated') continue;
      hasNew = true;
      if (taken === 'unsure') unsure.push(recording);
      else noteSettled(recording.uuid, tallies);
    }
    return { hasNew, unsure };
  }

  #newRows(): WalkRows {
    return new WalkRows(this.#polled.walks.settled, this.#phase === 'normal');
  }

  /** Looks up, compares, and writes what is new: deliveries first, in one write with the states that say that they exist. */
  async #takeSlice(slice: readonly Recording[], tallies: Tallies): Promise<boolean> {
    const { all, short } = tallies;
    const { urls, clock, ledger } = this.#ports;
    const { settled } = this.#polled.walks;
    const isNormal = this.#phase === 'normal';
    const rest = isNormal ? await withoutSettled(slice, ledger, this.#name, tallies, settled) : slice;
    if (rest.length === 0) return true;
    const uuids = rest.map(({ uuid }) => uuid);
    const known = await this.#ledger.recordings(this.#name, uuids);
    const nowMs = clock.nowMs();
    const changes: Change[] = [];
    const states: RememberedRecording[] = [];
    let isSettledSlice = true;
    for (const recording of rest) {
      const { uuid } = recording;
      const before = known.get(uuid);
      if (before === undefined) this.#unknown += 1;
      if (!isSettled(before, recording.status)) isSettledSlice = false;
      const { state, change } = diff(before, recording, nowMs, this.#policy);
      if (state !== undefined) states.push({ source: this.#name, uuid, state });
      if (change !== undefined) changes.push(change);
      const after = state ?? before;
      if (after !== undefined) all?.note(uuid, undefined, after);
      if (after !== undefined) short.note(uuid, before, after);
      if (change?.type === 'recording.available' || after?.awaitsAnnouncement) urls.remember(this.#name, recording);
    }
    await this.#storeChanges(changes, states, nowMs);
    return isSettledSlice;
  }

  /** The first write of a walk says that it has begun: if it does not come to its end, the next poll must. */
  async #storeChanges(
    changes: readonly Change[],
    states: readonly RememberedRecording[],
    nowMs: number,
  ): Promise<void> {
    const known = this.#mark;
    const mark = known === undefined || known.isOpen || states.length === 0 ? undefined : { ...known, isOpen: true };
    await this.#store.store({ changes, states, nowMs, floodLimit: this.#ports.floodLimit(), mark });
    if (mark !== undefined) this.#mark = mark;
  }

  get #policy(): DiffPolicy {
    const { firstPoll, stuckAfterMs } = this.#polled.config;
    return { phase: this.#phase, announceFirst: firstPoll === 'announce', stuckAfterMs };
  }

  /** Of what is in processing further down, which no page has shown. */
  async #askForAwaited(): Promise<void> {
    const unseen = this.#tally.awaited.filter(({ uuid }) => !this.#rows.has(uuid));
    await askForAwaited(unseen, this.#polled, {
      clock: this.#ports.clock,
      signal: this.#signal,
      take: async (recordings) => {
        this.#ports.urls.refresh(this.#name, recordings);
        const tallies = { short: this.#tally };
        const { unsure } = this.#takeRows(recordings, tallies);
        for (const slice of this.#store.slices(unsure)) await this.#takeSlice(slice, tallies);
      },
    });
  }

  /** The list has been seen whole: announces what waits for that, then notes that the first poll is over. */
  async #endFirstPoll(): Promise<void> {
    const { clock } = this.#ports;
    if (this.#polled.config.firstPoll === 'announce') await this.#announceRemembered();
    const mark = { scope: this.#scope, firstPollDoneAtMs: clock.nowMs(), listed: this.#rows.counts.rows };
    await this.#ledger.markSource(this.#name, mark);
  }

  async #announceRemembered(): Promise<void> {
    const { clock } = this.#ports;
    for await (const some of inGroups(this.#ledger.allRecordings(this.#name)))
      for (const slice of this.#store.slices(some.filter(({ state }) => state.awaitsAnnouncement))) {
        const announced = slice.map(({ source, uuid, state }) => ({
          source,
          uuid,
          ...announceRemembered(uuid, state),
        }));
        const changes = announced.map(({ change }) => change);
        const states = announced.map(({ source, uuid, state }) => ({ source, uuid, state }));
        // Whoever wrote `announce` wants all of it.
        await this.#store.store({ changes, states, nowMs: clock.nowMs(), floodLimit: Number.POSITIVE_INFINITY });
      }
  }

  #report(result: PollReport['result'], reason?: string, error?: unknown): PollReport {
    const { events, deliveries, held } = this.#store;
    const { available, awaited } = this.#tally;
    const whole = this.#isFull ? {} : { available, processing: awaited.length };
    return {
      ...{ source: this.#name, result, reason, isEmptyInDoubt: false, error, phase: this.#phase, isFull: this.#isFull },
      ...{ ...this.#rows.counts, ...whole, listed: this.#listed, awaited: awaited.length },
      ...{ rejectedReasons: [...this.#reasons], unknown: this.#unknown, events, deliveries, held, pages: this.#pages },
      durationMs: Math.round(this.#ports.clock.monotonicMs() - this.#startedMs),
    };
  }
}
