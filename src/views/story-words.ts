import type { SinkConfig } from '../config/config.js';
import type { Delivery } from '../core/delivery.js';
import { FAILURE_REASONS } from '../core/failure.js';
import { SINK_WORKS } from '../core/suspension.js';
import { spanInWords } from '../core/time-words.js';
import { attemptsWords, earlierAttempts } from './attempts.js';
import type { Company } from './company.js';
import { resumeCommand } from './pause-words.js';
import { byHandWords, movesOf } from './story-by-hand.js';
import type { EventFacts, RecordingFacts } from './story-facts.js';
import { missing, movedAway } from './story-missing.js';
import { counted, pauseOf, type SinkStory, type Surroundings, timeWords } from './surroundings.js';
import { KEPT_FOR_SINK, trialWords } from './suspension-words.js';

/** Why things are as they are and what comes next, in sentences for a person. */

/** Of every sink of the config, and of those beyond it that have a delivery or had one. */
export function sinkStories(
  facts: EventFacts,
  of: RecordingFacts | undefined,
  around: Surroundings,
): readonly SinkStory[] {
  const { config } = around;
  const moves = movesOf(facts);
  const configured = new Map(config.sinks.map((sink) => [sink.name, sink]));
  const names = new Set([...configured.keys(), ...facts.deliveries.keys(), ...moves.keys()]);
  return [...names].flatMap((name): readonly SinkStory[] => {
    const delivery = facts.deliveries.get(name);
    if (delivery !== undefined) return [existing(delivery, facts.companies.get(delivery.id), around)];
    const [move, sink] = [moves.get(name), configured.get(name)];
    if (move !== undefined) return [movedAway(move, around)];
    return sink === undefined ? [] : [missing(sink, facts, of, around)];
  });
}

function existing(delivery: Delivery, company: Company | undefined, around: Surroundings): SinkStory {
  const { sink, state, history } = delivery;
  const words = { pending: pendingWords, held: heldWords, delivered: deliveredWords, dead: deadWords }[state];
  const byHand = byHandWords(delivery);
  return {
    ...{ sink, state, delivery, history, earlierAttempts: earlierAttempts(delivery) },
    ...(byHand !== undefined && { byHand }),
    ...words(delivery, around, company),
  };
}

type Words = Pick<SinkStory, 'why' | 'next' | 'isUnderWay' | 'badge'>;

function pendingWords(delivery: Delivery, around: Surroundings, company: Company | undefined): Words {
  const { config, sinkStates, call, nowMs } = around;
  const { id, sink, nextAttemptAtMs, roundAttempts, urlWaitSinceMs } = delivery;
  const attemptSinceMs = around.attemptSinceMs?.(id);
  if (attemptSinceMs !== undefined)
    return {
      why: `pending: an attempt is under way since ${timeWords(attemptSinceMs, nowMs)}`,
      next: [],
      isUnderWay: true,
    };
  const configured = config.sinks.find(({ name }) => name === sink);
  const { suspension, pausedUntilMs, inactive } = sinkStates.get(sink) ?? SINK_WORKS;
  const waitsSince = inactive === null ? '' : ` since ${timeWords(inactive.sinceMs, nowMs)}`;
  if (configured === undefined)
    return {
      why: `pending: the config has no sink of this name${waitsSince}`,
      next: [KEPT_FOR_SINK, `To send it elsewhere: ${call(`redeliver ${id} --to SINK`)}`],
    };
  if (!configured.enabled)
    return {
      why: `pending: the sink is disabled${waitsSince}`,
      next: [KEPT_FOR_SINK, `To send it: remove sinks.${sink}.enabled: false, then restart or send SIGHUP.`],
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
    const trial = nextTrialAtMs === null ? [] : [`The next that time brings is at ${timeWords(nextTrialAtMs, nowMs)}.`];
    return {
      why: `pending: the sink is suspended since ${timeWords(sinceMs, nowMs)}: ${reason}: ${detail}. ${FAILURE_REASONS[reason].help}`,
      next: [trialWords(suspension), ...trial, KEPT_FOR_SINK, tryNow],
    };
  }
  const attempt = `attempt ${roundAttempts + 1} of ${configured.retry.delaysMs.length + 1}`;
  const plannedMs = company?.kind === 'collected' ? company.latestMs : (nextAttemptAtMs ?? nowMs);
  const dueMs = Math.max(plannedMs, pausedUntilMs ?? 0);
  // The program that runs knows; to look from outside is to see what is stored.
  const isPerhapsUnderWay = around.attemptSinceMs === null && around.ownedSinceMs !== undefined;
  const dueSince = `due since ${timeWords(dueMs, nowMs)}${isPerhapsUnderWay ? ', or under way' : ''}`;
  const due = dueMs > nowMs ? `at ${timeWords(dueMs, nowMs)}` : dueSince;
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
    const perhaps = isDueBeforeStart(delivery, around) ? ', since then perhaps tried by a process that died' : '';
    return `pending, failed so far with ${lastError.reason}: ${lastError.detail}${perhaps}`;
  }
}

function companyWords(company: Company | undefined): string {
  if (company === undefined) return '';
  if (company.kind === 'batch') return `, in digest ${company.digest} with ${counted(company.others, 'other')}`;
  const others = company.others === 0 ? ', alone so far' : ` with ${counted(company.others, 'other')} so far`;
  return ` at the latest, in a digest${others}`;
}

/** That an attempt has begun is not stored, since it would cost a write each: of what an earlier process had, it may have. */
function untriedWords(delivery: Delivery, around: Surroundings): string {
  const isOfEarlierProcess = delivery.attempts === 0 && isMadeBeforeStart(delivery, around);
  return `pending: not tried yet${isOfEarlierProcess ? ', or tried by a process that died' : ''}`;
}

function isMadeBeforeStart({ createdAtMs }: Delivery, { ownedSinceMs, nowMs }: Surroundings): boolean {
  return createdAtMs < (ownedSinceMs ?? nowMs);
}

function isDueBeforeStart({ nextAttemptAtMs }: Delivery, { ownedSinceMs, nowMs }: Surroundings): boolean {
  return nextAttemptAtMs !== null && nextAttemptAtMs < (ownedSinceMs ?? nowMs);
}

/** Its first attempt that is noted is of the program of now, though there was one before which had it. */
function isPerhapsRepeat(delivery: Delivery, around: Surroundings): boolean {
  const [first] = delivery.history;
  const { ownedSinceMs } = around;
  if (first === undefined || ownedSinceMs === undefined || delivery.attempts > delivery.history.length) return false;
  return delivery.round === 0 && first.atMs >= ownedSinceMs && isMadeBeforeStart(delivery, around);
}

function heldWords({ id, event }: Delivery, { call }: Surroundings): Words {
  const option = event.source === null ? '' : ` --source ${event.source}`;
  const of = event.source === null ? '' : ` of ${event.source}`;
  return {
    why: 'held: one poll made more events than delivery.floodLimit, so a person decides',
    next: [
      `To send this one: ${call(`redeliver ${id}`)}`,
      `To send all that is held${of}: ${call(`release${option}`)}`,
      `To give all of that up: ${call(`discard${option}`)}`,
    ],
  };
}

function deliveredWords(delivery: Delivery, around: Surroundings): Words {
  const { finishedAtMs, history } = delivery;
  const { nowMs } = around;
  const when = finishedAtMs === null ? '' : ` at ${timeWords(finishedAtMs, nowMs)}`;
  const digest = history.at(-1)?.digest;
  const company = digest === undefined ? '' : `, in digest ${digest.id} with ${counted(digest.events - 1, 'other')}`;
  const repeat = isPerhapsRepeat(delivery, around) ? '; a repeat, if an earlier process died in an attempt of it' : '';
  return { why: `delivered${when}, after ${attemptsWords(delivery)}${company}${repeat}`, next: [] };
}

function deadWords(delivery: Delivery, around: Surroundings): Words {
  const { id, sink, lastError, finishedAtMs } = delivery;
  const { config, nowMs, call } = around;
  const when = finishedAtMs === null ? '' : ` at ${timeWords(finishedAtMs, nowMs)}`;
  const isThere = config.sinks.some(({ name, enabled }) => name === sink && enabled);
  const again = call(`redeliver ${id}${isThere ? '' : ' --to SINK'}`);
  const keptUntil =
    finishedAtMs === null ? [] : [`It is kept until ${timeWords(finishedAtMs + config.keepDeadMs, nowMs)}.`];
  if (lastError?.reason === 'discarded')
    return {
      why: `discarded by hand${when}, not delivered`,
      badge: 'discarded',
      next: [`To send it all the same: ${again}`, ...keptUntil],
    };
  return {
    why: `dead: given up${when}, after ${attemptsWords(delivery)}${errorWords(delivery)}`,
    next: [`To send it again: ${again}`, ...keptUntil],
  };
}

function errorWords({ lastError }: Delivery): string {
  if (lastError === null) return '';
  const { help } = FAILURE_REASONS[lastError.reason];
  return `: ${lastError.reason}: ${lastError.detail === help ? '' : `${lastError.detail}. `}${help}`;
}
