import type { Config, SinkConfig } from '../config/config.js';
import { listed } from '../config/words.js';
import type { Delivery } from '../core/delivery.js';
import { isRecordingEvent } from '../core/event.js';
import { FAILURE_REASONS } from '../core/failure.js';
import type { Pause } from '../core/pause.js';
import { type Mismatch, mismatchOf } from '../core/routing.js';
import { SINK_WORKS, type SinkState } from '../core/suspension.js';
import { spanInWords, timeFromNow } from '../core/time-words.js';
import type { Company } from './company.js';
import { resumeCommand } from './pause-words.js';
import type { EventFacts, RecordingFacts } from './story-facts.js';

/** Why things are as they are and what comes next, in sentences for a person. */

/** What explains a delivery besides itself. */
export interface Surroundings {
  readonly config: Config;
  readonly sinkStates: ReadonlyMap<string, SinkState>;
  readonly pauses: readonly Pause[];
  readonly nowMs: number;
  /** Since when the running program owns the store; undefined where none runs. */
  readonly ownedSinceMs: number | undefined;
  /** How a person calls a command of this program with this config. */
  readonly call: (command: string) => string;
}

/** How one sink stands to one event. */
export interface SinkStory {
  readonly sink: string;
  readonly state: Delivery['state'] | 'none';
  /** Undefined where no delivery is stored. */
  readonly delivery: Delivery | undefined;
  /** The key that keeps the event from a sink which has none of it. */
  readonly mismatch?: Mismatch['key'];
  readonly why: string;
  /** What comes of itself and what a person can do; each a sentence. */
  readonly next: readonly string[];
}

/** A time as a machine and as a person reads it. */
export function timeWords(atMs: number, nowMs: number): string {
  return `${new Date(atMs).toISOString()} (${timeFromNow(atMs, nowMs)})`;
}

/** Of every sink of the config, and of those beyond it that have a delivery. */
export function sinkStories(
  facts: EventFacts,
  of: RecordingFacts | undefined,
  around: Surroundings,
): readonly SinkStory[] {
  const { config } = around;
  const told = (delivery: Delivery) => existing(delivery, facts.companies.get(delivery.id), around);
  const removed = [...facts.deliveries.keys()].filter((name) => !config.sinks.some((sink) => sink.name === name));
  return [
    ...config.sinks.map((sink) => {
      const delivery = facts.deliveries.get(sink.name);
      return delivery === undefined ? missing(sink, facts, of, around) : told(delivery);
    }),
    ...removed.flatMap((name) => {
      const delivery = facts.deliveries.get(name);
      return delivery === undefined ? [] : [told(delivery)];
    }),
  ];
}

function existing(delivery: Delivery, company: Company | undefined, around: Surroundings): SinkStory {
  const { sink, state } = delivery;
  const words = { pending: pendingWords, held: heldWords, delivered: deliveredWords, dead: deadWords }[state];
  return { sink, state, delivery, ...words(delivery, around, company) };
}

type Words = Pick<SinkStory, 'why' | 'next'>;

function pendingWords(delivery: Delivery, around: Surroundings, company: Company | undefined): Words {
  const { config, sinkStates, call, nowMs } = around;
  const { id, sink, nextAttemptAtMs, roundAttempts, urlWaitSinceMs } = delivery;
  const configured = config.sinks.find(({ name }) => name === sink);
  const { suspension, pausedUntilMs, inactive } = sinkStates.get(sink) ?? SINK_WORKS;
  const waitsSince = inactive === null ? '' : ` since ${timeWords(inactive.sinceMs, nowMs)}`;
  const giveUp = 'It is kept for 30 days, then given up.';
  if (configured === undefined)
    return {
      why: `pending: the config has no sink of this name${waitsSince}`,
      next: [giveUp, `To send it elsewhere: ${call(`redeliver ${id} --to SINK`)}`],
    };
  if (!configured.enabled)
    return {
      why: `pending: the sink is disabled${waitsSince}`,
      next: [giveUp, `To send it: remove sinks.${sink}.enabled: false, then restart or send SIGHUP.`],
    };
  const pause = pauseOf('sink', sink, around);
  if (pause !== undefined)
    return {
      why: `pending: it waits: ${sink} is paused since ${timeWords(pause.sinceMs, nowMs)}`,
      next: [`It goes once that is over: ${call(resumeCommand(pause, config))}`],
    };
  const tryNow = `To try it now: ${call(`redeliver ${id}`)}`;
  if (suspension !== null) {
    const { reason, detail, sinceMs, nextTrialAtMs } = suspension;
    const trial =
      nextTrialAtMs === null
        ? 'Time alone does not end that: the sink is tried at a start, a reload, or when somebody redelivers.'
        : `One delivery is tried at ${timeWords(nextTrialAtMs, nowMs)}.`;
    return {
      why: `pending: the sink is suspended since ${timeWords(sinceMs, nowMs)}: ${reason}: ${detail}. ${FAILURE_REASONS[reason].help}`,
      next: [trial, tryNow],
    };
  }
  const attempt = `attempt ${roundAttempts + 1} of ${configured.retry.delaysMs.length + 1}`;
  const plannedMs = company?.kind === 'collected' ? company.latestMs : (nextAttemptAtMs ?? nowMs);
  const dueMs = Math.max(plannedMs, pausedUntilMs ?? 0);
  const due = dueMs > nowMs ? `at ${timeWords(dueMs, nowMs)}` : `due since ${timeWords(dueMs, nowMs)}`;
  return {
    why: pendingWhy(delivery, configured),
    next: [`Next: ${attempt}, ${due}${companyWords(company)}.`, ...(delivery.attempts > 0 ? [tryNow] : [])],
  };

  function pendingWhy({ lastError }: Delivery, { digest }: SinkConfig): string {
    if (urlWaitSinceMs !== null)
      return `pending: it waits for a fresh URL since ${timeWords(urlWaitSinceMs, nowMs)}: the source cannot give one; after an hour it goes without`;
    if (pausedUntilMs !== null && pausedUntilMs > nowMs)
      return `pending: the receiver asked for a pause until ${timeWords(pausedUntilMs, nowMs)}`;
    if (company?.kind === 'collected' && digest !== undefined)
      return `pending: it waits for the digest of ${sink}, which goes every ${spanInWords(digest.everyMs)}, or at ${counted(digest.max, 'event')}`;
    if (lastError === null) return roundAttempts === 0 ? untriedWords(delivery, around) : 'pending: tried again';
    return `pending, failed so far with ${lastError.reason}: ${lastError.detail}`;
  }
}

export function pauseOf(kind: Pause['kind'], name: string, { pauses }: Surroundings): Pause | undefined {
  return pauses.find((each) => each.kind === kind && each.name === name);
}

/** What is remembered of its recordings may be old. */
export function sourcePauseWords(source: string, around: Surroundings): string {
  const pause = pauseOf('source', source, around);
  if (pause === undefined) return '';
  const since = timeWords(pause.sinceMs, around.nowMs);
  return `, which is paused since ${since} and not polled: ${around.call(resumeCommand(pause, around.config))}`;
}

function companyWords(company: Company | undefined): string {
  if (company === undefined) return '';
  if (company.kind === 'batch') return `, in digest ${company.digest} with ${counted(company.others, 'other')}`;
  const others = company.others === 0 ? ', alone so far' : ` with ${counted(company.others, 'other')} so far`;
  return ` at the latest, in a digest${others}`;
}

/** That an attempt has begun is not stored, since it would cost a write each: of what an earlier process had, it may have. */
function untriedWords({ attempts, createdAtMs }: Delivery, { ownedSinceMs, nowMs }: Surroundings): string {
  const isOfEarlierProcess = attempts === 0 && createdAtMs < (ownedSinceMs ?? nowMs);
  return `pending: not tried yet${isOfEarlierProcess ? ', or tried by a process that died' : ''}`;
}

function heldWords({ event }: Delivery, { call }: Surroundings): Words {
  const option = event.source === null ? '' : ` --source ${event.source}`;
  return {
    why: 'held: one poll made more events than delivery.floodLimit, so a person decides',
    next: [`To send all that is held: ${call(`release${option}`)}`, `To give it all up: ${call(`discard${option}`)}`],
  };
}

function deliveredWords({ finishedAtMs, attempts, history }: Delivery, { nowMs }: Surroundings): Words {
  const when = finishedAtMs === null ? '' : ` at ${timeWords(finishedAtMs, nowMs)}`;
  const digest = history.at(-1)?.digest;
  const company = digest === undefined ? '' : `, in digest ${digest.id} with ${counted(digest.events - 1, 'other')}`;
  return { why: `delivered${when}, after ${counted(attempts, 'attempt')}${company}`, next: [] };
}

function deadWords({ id, sink, lastError, finishedAtMs, attempts }: Delivery, around: Surroundings): Words {
  const { config, nowMs, call } = around;
  const when = finishedAtMs === null ? '' : ` at ${timeWords(finishedAtMs, nowMs)}`;
  const isThere = config.sinks.some(({ name, enabled }) => name === sink && enabled);
  const help = lastError === null ? '' : FAILURE_REASONS[lastError.reason].help;
  const detail = lastError === null || lastError.detail === help ? '' : `${lastError.detail}. `;
  const reason = lastError === null ? '' : `: ${lastError.reason}: ${detail}${help}`;
  const keptUntil =
    finishedAtMs === null ? [] : [`It is kept until ${timeWords(finishedAtMs + config.keepDeadMs, nowMs)}.`];
  return {
    why: `dead: given up${when}, after ${counted(attempts, 'attempt')}${reason}`,
    next: [`To send it again: ${call(`redeliver ${id}${isThere ? '' : ' --to SINK'}`)}`, ...keptUntil],
  };
}

function missing(sink: SinkConfig, facts: EventFacts, of: RecordingFacts | undefined, around: Surroundings): SinkStory {
  const none = { sink: sink.name, state: 'none', delivery: undefined } as const;
  if (!sink.enabled)
    return { ...none, why: 'not made: the sink is disabled, and new events make no delivery for it', next: [] };
  const mismatch = mismatchOf(sink, facts.event);
  if (mismatch !== undefined)
    return { ...none, mismatch: mismatch.key, why: `not made: ${mismatchWords(sink.name, mismatch)}`, next: [] };
  return { ...none, why: unmadeWords(facts, of, around), next: announceWords(sink, facts, of, around) };
}

function mismatchWords(sink: string, { key, found, wanted }: Mismatch): string {
  const path = `sinks.${sink}.${key}`;
  if (key === 'events') return `${path} has ${listed(wanted)}, not ${found}`;
  const what = { 'only.sources': 'source', 'only.rooms': 'room', 'only.meetings': 'meeting' }[key];
  const subject =
    found === null ? `it has no ${what}, which only * matches` : `the ${what} is ${JSON.stringify(found)}`;
  return `${subject}, and ${path} has ${listed(wanted.map((glob) => JSON.stringify(glob)))}`;
}

/** The sink would get it by the config as it is now, so something was otherwise then. */
function unmadeWords(facts: EventFacts, of: RecordingFacts | undefined, { config, nowMs }: Surroundings): string {
  const wasOther = 'the sink was not in the config then, or its events, only or enabled were other ones';
  if (of === undefined || !isRecordingEvent(facts.event) || facts.deliveries.size > 0) return `not made: ${wasOther}`;
  if (of.mark === undefined) return 'not made: the first poll of the source is not over, and nothing is told before';
  if (of.state.awaitsAnnouncement) return 'not made yet: it is announced once the first poll is over';
  const wasFirstPoll = facts.atMs !== null && facts.atMs <= of.mark.firstPollDoneAtMs;
  const mayBeForgotten = facts.atMs === null || facts.atMs + config.keepDeliveredMs < nowMs;
  const forgotten = 'it was delivered and is forgotten since, as delivery.keepDelivered says';
  if (wasFirstPoll && !mayBeForgotten) return 'not made: a first poll saw it, which remembers and tells nobody';
  if (wasFirstPoll)
    return `no delivery is stored: a first poll saw it, which remembers and tells nobody; or ${forgotten}`;
  return mayBeForgotten ? `no delivery is stored: ${forgotten}; or ${wasOther}` : `not made: ${wasOther}`;
}

function announceWords(
  sink: SinkConfig,
  { event, deliveries }: EventFacts,
  of: RecordingFacts | undefined,
  { call }: Surroundings,
): readonly string[] {
  if (of?.mark === undefined || !isRecordingEvent(event) || event.type !== 'recording.available') return [];
  const isCurrent = of.state.status === 'available' && of.state.availableCount === event.data.occurrence;
  // Without a sink, those that have had it would get it again.
  const option = deliveries.size === 0 ? '' : ` --sink ${sink.name}`;
  return isCurrent ? [`To send it: ${call(`announce ${quoted(of.uuid)}${option}`)}`] : [];
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w.:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** What the recording itself waits for; each a sentence. */
export function awaitedWords({ state }: RecordingFacts): readonly string[] {
  return state.status === 'processing'
    ? ['The platform says processing: recording.available comes with the poll that shows it available.']
    : [];
}

/** How it began, as far as the records say. */
export function firstSeenWords({ state, mark, events }: RecordingFacts, nowMs: number): string {
  const as = firstStatus(state, events);
  const seen = `${timeWords(state.firstSeenAtMs, nowMs)}${as === undefined ? '' : `, as ${as}`}`;
  if (mark === undefined) return `${seen}; the first poll of the source is not over, so nothing is told yet`;
  if (state.awaitsAnnouncement) return `${seen}; it is announced once the first poll is over`;
  const isTold = events.some(({ event, deliveries }) => occurrenceOf(event) === 1 && deliveries.size > 0);
  if (state.firstSeenAtMs <= mark.firstPollDoneAtMs && !isTold)
    return `${seen}; a first poll remembered it and told nobody`;
  return seen;
}

function occurrenceOf(event: EventFacts['event']): number {
  return isRecordingEvent(event) ? event.data.occurrence : 0;
}

/** Not remembered as such: certain where a time or an event says so, else what the counts suggest. */
function firstStatus(state: RecordingFacts['state'], events: readonly EventFacts[]): string | undefined {
  const { status, firstSeenAtMs, availableCount, availableAtMs, processingCount, processingSinceMs } = state;
  if (availableCount + processingCount === 0) return status;
  if (availableAtMs === firstSeenAtMs && availableCount === 1) return 'available';
  if (processingSinceMs === firstSeenAtMs && processingCount === 1) return 'processing';
  const first = events.find(({ event, deliveries }) => deliveries.size > 0 && occurrenceOf(event) === 1)?.event;
  if (first !== undefined && isRecordingEvent(first) && first.data.previousStatus === null)
    return first.data.recording.status;
  // Of a store from before the time of a spell was kept.
  const isUntimed = processingCount > 0 && processingSinceMs === null;
  return isUntimed || processingCount > 1 ? 'processing, it seems' : undefined;
}
