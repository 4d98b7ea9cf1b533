import { resumeCommand } from './pause-words.js';
import { counted, pauseOf, type Surroundings, timeWords } from './surroundings.js';

export const UNSEEN = 'No poll has shown it. Is it in the account, and within roomId and meetingId of the source?';
export const UNKNOWN_ID =
  'Looked at every stored delivery, and at the events of every remembered recording. Is it of this store?';

/** Sources of which is told why they may not have shown what is asked for. */
const SOURCES_MAX = 10;

/** Why a source may not have shown how things are now; each a sentence. None: nothing is known to be in the way. */
export function sourceTroubles(source: string, around: Surroundings): readonly string[] {
  const { nowMs, call, config } = around;
  const pause = pauseOf('source', source, around);
  const { isFirstPollOver = true, failing, nextPollAtMs } = around.sources.get(source) ?? {};
  const next = nextPollAtMs === undefined ? '' : ` The next one is at ${timeWords(nextPollAtMs, nowMs)}.`;
  return [
    ...(isFirstPollOver ? [] : [`The first poll of ${source} is not over.`]),
    ...(failing === undefined
      ? []
      : [`Polls of ${source} fail since ${timeWords(failing.sinceMs, nowMs)}: ${ended(failing.why)}${next}`]),
    ...(pause === undefined
      ? []
      : [
          `${source} is paused since ${timeWords(pause.sinceMs, nowMs)} and not polled: ${call(resumeCommand(pause, config))}`,
        ]),
  ];
}

/** What is said of a recording that no poll has shown, beside that it is not known: what may have kept polls from it. */
export function unseenWords(around: Surroundings): readonly string[] {
  const troubled = around.config.sources
    .map(({ name }) => sourceTroubles(name, around))
    .filter((troubles) => troubles.length > 0);
  const more = troubled.length - SOURCES_MAX;
  return [
    ...troubled.slice(0, SOURCES_MAX).flat(),
    ...(more > 0 ? [`Of ${counted(more, 'more source')} the same is to be said, or the like.`] : []),
    ...(around.ownedSinceMs === undefined ? ['No program runs on this store, so nothing is polled just now.'] : []),
  ];
}

/** As a sentence. */
function ended(words: string): string {
  return /[.!?]$/.test(words) ? words : `${words}.`;
}
