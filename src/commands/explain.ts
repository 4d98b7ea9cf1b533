import type { Delivery } from '../core/delivery.js';
import { isRecordingEvent } from '../core/event.js';
import { jsonLine, printable } from '../observe/printable.js';
import type { Ledger } from '../ports.js';
import { createLedger } from '../store/ledger.js';
import { hasOwner, ownerSinceMs } from '../store/open.js';
import { sha256, systemClock } from '../system.js';
import { storedStandings } from '../views/source-standing.js';
import { UNKNOWN_ID, UNSEEN, unseenWords } from '../views/source-words.js';
import { isToldAtOnce } from '../views/story-by-hand.js';
import {
  type EventFacts,
  type Facts,
  findFacts,
  nearUuids,
  type RecordingFacts,
  sourcesOf,
} from '../views/story-facts.js';
import { storyLines } from '../views/story-lines.js';
import { awaitedWords, firstSeenWords } from '../views/story-recording.js';
import { sinkStories } from '../views/story-words.js';
import { counted, type SinkStory, type Surroundings, timeWords } from '../views/surroundings.js';
import { paintFor, paintIn } from './color.js';
import { type CommandContext, type CommonOptions, EXIT, type ExitCode, type Register } from './command.js';
import { configForLooking, openStoreOf, storeDependencies } from './session.js';
import { startedAs } from './started-as.js';
import { NOTHING_RUNS } from './waiting.js';

export const registerExplain: Register = (program, context) => {
  program
    .command('explain')
    .argument('<id>', 'a recording (its uuid), an event (evt_…) or a delivery (dlv_…)')
    .summary('the story of one recording: what was seen, who was told, and why or why not')
    .description(
      'Tells when a recording was seen, which events that made, and for each sink whether it was told, why or why not, every attempt, and ' +
        'what comes next. Works beside a running program. Exit code 1 when nothing is known of it.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  recording-notifier explain 0b1f7a52-6f0e-4a55-9a3c-8c1f0d6b2e11\n  recording-notifier explain evt_4f1c0f6f2f0e4f0c9a3b7d5e6a1b2c3d --json',
    )
    .action(async (what: string, _, command) => {
      context.end(await explain(what, command.optsWithGlobals(), context));
    });
};

const DEFAULT_CONFIG = 'config/notifier.yaml';

async function explain(what: string, options: CommonOptions, context: CommandContext): Promise<ExitCode> {
  const config = configForLooking(options, context);
  const { store } = await openStoreOf(config, 'read', context);
  try {
    const ledger = createLedger(store);
    const facts = await findFacts(what, { config, ledger, sha256 });
    const isOwned = await hasOwner(config.store, storeDependencies(context));
    const option = options.config === DEFAULT_CONFIG ? '' : ` --config ${options.config}`;
    const around: Surroundings = {
      config,
      sinkStates: await ledger.sinkStates(),
      pauses: await ledger.pauses(),
      sources: await storedStandings(sourcesOf(facts, config), ledger),
      nowMs: systemClock.nowMs(),
      attemptSinceMs: null,
      ownedSinceMs: isOwned ? await ownerSinceMs(store) : undefined,
      call: (command) => `${startedAs(context)} ${command}${option}`,
    };
    if (facts.recordings.length + facts.operatorEvents.length === 0)
      return await tellUnknown(what, around, ledger, context);
    if (options.json) {
      for (const line of storyLines(facts, around)) await context.print(jsonLine(line));
      return EXIT.fine;
    }
    const paint = paintFor(context);
    for (const line of textLines(facts, around)) await context.print(paintIn(printable(line), STATE, paint));
    if (hasPending(facts) && !isOwned) await context.print(NOTHING_RUNS);
    return EXIT.fine;
  } finally {
    await store.close();
  }
}

async function tellUnknown(
  what: string,
  around: Surroundings,
  ledger: Ledger,
  { tell }: CommandContext,
): Promise<ExitCode> {
  for (const line of await unknownLines(what, around, ledger)) tell(printable(line));
  return EXIT.failed;
}

async function unknownLines(what: string, around: Surroundings, ledger: Ledger): Promise<readonly string[]> {
  if (what.startsWith('dig_'))
    return [`${what} is a digest, which has no story of its own: explain one of the events that its message lists.`];
  const unknown = `Nothing is known of ${what}.`;
  if (/^(evt|dlv)_/.test(what)) return [`${unknown} ${UNKNOWN_ID}`];
  const near = await nearUuids(what, ledger);
  const advice =
    near.length > 0
      ? `Did you mean ${near.join(' or ')}?`
      : `${UNSEEN} No recording with a like uuid is remembered: "recordings" lists what is.`;
  return [`${unknown} ${advice}`, ...unseenWords(around)];
}

/** After the name of a sink, the time of an attempt, or the word status. */
const STATE = /^( {2}[^ ]+: | {2}status {6}| {4}\d{4}-.*? ms {2})(delivered|pending|held|dead|available|processing)\b/;

function hasPending({ recordings, operatorEvents }: Facts): boolean {
  const events = [...operatorEvents, ...recordings.flatMap((recording) => recording.events)];
  return events.some(({ deliveries }) => [...deliveries.values()].some(({ state }) => state === 'pending'));
}

function* textLines({ recordings, operatorEvents }: Facts, around: Surroundings): Generator<string> {
  for (const recording of recordings) {
    yield* headLines(recording, around);
    for (const event of recording.events) yield* eventLines(event, recording, around);
    if (recording.earlierEvents > 0)
      yield* [
        '',
        `${counted(recording.earlierEvents, 'earlier event')} of it: of them nothing but the number is known`,
      ];
    yield '';
  }
  for (const event of operatorEvents) {
    yield* eventLines(event, undefined, around);
    yield '';
  }
}

function* headLines(recording: RecordingFacts, around: Surroundings): Generator<string> {
  const { nowMs, config } = around;
  const { source, uuid, state } = recording;
  const isConfigured = config.sources.some(({ name }) => name === source);
  yield `recording ${uuid}`;
  yield `  source      ${source}${isConfigured ? '' : ', which the config no longer has'}`;
  yield `  room        ${state.roomId ?? '-'}`;
  yield `  meeting     ${state.meetingId ?? '-'}`;
  yield `  recorded    ${state.createdAt ?? '-'}`;
  yield `  first seen  ${firstSeenWords(recording, around)}`;
  yield `  status      ${state.status}${sinceWords(recording, nowMs)}`;
  for (const sentence of awaitedWords(recording, around)) yield `  next        ${sentence}`;
  if (recording.events.length === 0) yield '  events      none: its status makes none';
}

function sinceWords({ state }: RecordingFacts, nowMs: number): string {
  const { status, availableAtMs, processingSinceMs } = state;
  const sinceMs = status === 'available' ? availableAtMs : status === 'processing' ? processingSinceMs : null;
  return sinceMs === null ? '' : `, since ${timeWords(sinceMs, nowMs)}`;
}

function* eventLines(
  facts: EventFacts,
  recording: RecordingFacts | undefined,
  around: Surroundings,
): Generator<string> {
  const { event, atMs } = facts;
  yield '';
  const number = isRecordingEvent(event) ? `, occurrence ${event.data.occurrence}` : '';
  yield `${event.type}${number}  ${event.id}`;
  yield `  seen        ${atMs === null ? 'not known any more' : timeWords(atMs, around.nowMs)}`;
  if (isRecordingEvent(event)) {
    if (event.data.previousStatus !== null || isToldAtOnce(facts))
      yield `  before      ${event.data.previousStatus ?? 'not seen before'}`;
  } else {
    yield `  about       ${event.source ?? ('sink' in event.data ? event.data.sink : '-')}`;
    yield `  reason      ${event.data.reason}${'message' in event.data ? `: ${event.data.message}` : ''}`;
  }
  const stories = sinkStories(facts, recording, around);
  const isOwn = ({ delivery, history }: SinkStory) => delivery !== undefined || history.length > 0;
  for (const story of stories) if (isOwn(story)) yield* sinkLines(story, around);
  for (const alike of groupsOf(stories.filter((story) => !isOwn(story)))) yield* missingLines(alike, event);
}

function* sinkLines(
  { sink, why, delivery, byHand, history, earlierAttempts, next }: SinkStory,
  { nowMs }: Surroundings,
): Generator<string> {
  yield `  ${sink}: ${why}`;
  if (delivery !== undefined) yield `    ${delivery.id}${byHand === undefined ? '' : `, ${byHand}`}`;
  if (earlierAttempts > 0) yield `    ${counted(earlierAttempts, 'earlier attempt')}`;
  for (const attempt of history) yield `    ${attemptWords(attempt, nowMs)}`;
  for (const sentence of next) yield `    ${sentence}`;
}

/** Sinks of which the same is to be said. */
function groupsOf(stories: readonly SinkStory[]): readonly (readonly SinkStory[])[] {
  const keyOf = ({ mismatch, why, next }: SinkStory) => (mismatch === 'events' ? '' : JSON.stringify([why, next]));
  return [...Map.groupBy(stories, keyOf).values()];
}

function* missingLines(stories: readonly SinkStory[], { type }: EventFacts['event']): Generator<string> {
  const [first] = stories;
  if (first === undefined) return;
  const names = stories.map(({ sink }) => sink).join(', ');
  yield `  ${names}: ${first.mismatch === 'events' ? `not made: events does not have ${type}` : first.why}`;
  for (const sentence of first.next) yield `    ${sentence}`;
}

function attemptWords(
  { atMs, durationMs, reason, detail, digest }: Delivery['history'][number],
  nowMs: number,
): string {
  const company = digest === undefined ? '' : `  in ${digest.id}`;
  return `${timeWords(atMs, nowMs)}  ${durationMs} ms  ${reason === null ? 'delivered' : reason}: ${detail}${company}`;
}
