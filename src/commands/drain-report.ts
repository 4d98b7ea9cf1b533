import type { DrainTally, Missing } from '../archive/drain-tally.js';
import { jsonLine, printable } from '../observe/printable.js';
import { countText, sizeText, spanText } from './drain-words.js';

/** Of the missing ones that a person is shown; `--json` shows all. */
const SHOWN_MAX = 50;

export interface DrainEnd {
  readonly archive: string;
  readonly tally: DrainTally;
  readonly durationMs: number;
  /** It was stopped before it was through. */
  readonly isStopped: boolean;
  /** What ended it early, in words. */
  readonly halt: string | undefined;
  /** Nothing was to be archived. What could be has about so many bytes; null when nothing tells. */
  readonly survey?: { readonly bytes: number | null } | undefined;
}

/** Everything that the lists show is in the archive. */
export function isWhole({ tally, isStopped, halt }: DrainEnd): boolean {
  return !isStopped && halt === undefined && tally.missing.size === 0 && tally.problems.length === 0;
}

/** One object for each that is missing and each list with a problem, and a last one with the sums. */
export function* reportAsJson(end: DrainEnd): Generator<string> {
  const { archive, tally, isStopped, halt = null, durationMs, survey } = end;
  for (const { source, recording, reason, detail } of tally.missing.values()) {
    yield jsonLine({ kind: 'missing', source, ...recording, reason, detail });
  }
  for (const { source, detail } of tally.problems) yield jsonLine({ kind: 'problem', source, detail });
  const { seen, before, beforeBytes, archived, archivedBytes, missing } = tally;
  const sums = {
    seen,
    before,
    beforeBytes,
    archived,
    archivedBytes,
    missing: missing.size,
    durationMs: Math.round(durationMs),
  };
  const missingAvailable = availableIn(tally);
  const surveyed = survey === undefined ? {} : { dryRun: true, missingAvailable, aboutBytes: survey.bytes };
  yield jsonLine({ kind: 'report', archive, ...sums, ...surveyed, isStopped, halt, isWhole: isWhole(end) });
}

export function* reportAsText(end: DrainEnd): Generator<string> {
  const { archive, tally, isStopped, halt, survey } = end;
  yield printable(`archive   ${archive}`);
  yield `listed    ${countText(tally.seen, 'recording')}`;
  yield* survey === undefined ? archivedLines(end) : surveyLines(tally, survey.bytes);
  const lacks = [...tally.missing.values()];
  const toTell = lacks.filter(({ reason }) => reason !== 'processing' && reason !== 'not_reached');
  for (const each of toTell.slice(0, SHOWN_MAX)) yield printable(missingText(each));
  if (toTell.length > SHOWN_MAX) yield `  … and ${toTell.length - SHOWN_MAX} more; --json lists them all`;
  const processing = lacks.filter(({ reason }) => reason === 'processing').length;
  if (processing > 0) yield `not available yet: ${processing}; run drain again, or "run" with an archive sink`;
  for (const { source, detail } of tally.problems) yield printable(`${source}: ${detail}`);
  if (halt !== undefined) yield printable(`ended early: ${halt}`);
  else if (isStopped) yield 'stopped; start it again to go on';
  if (isWhole(end)) yield 'Everything that the lists show is in the archive.';
}

function* archivedLines({ tally, durationMs }: DrainEnd): Generator<string> {
  const { before, archived, archivedBytes, missing, notReached } = tally;
  yield `archived  ${before + archived}: ${before} before, ${archived} now (${sizeText(archivedBytes)} in ${spanText(durationMs)})`;
  yield `missing   ${missing.size}${notReached > 0 ? `, of which ${notReached} were not reached` : ''}`;
}

function* surveyLines(tally: DrainTally, bytes: number | null): Generator<string> {
  const { before, beforeBytes, missing, notReached } = tally;
  const about = bytes === null ? '' : `, about ${sizeText(bytes)}`;
  yield `archived  ${before} (${sizeText(beforeBytes)})`;
  yield `missing   ${missing.size}, of which ${availableIn(tally)} are available; ${notReached} can be archived now${about}`;
}

function availableIn({ missing }: DrainTally): number {
  return missing.values().reduce((count, { recording }) => count + (recording.status === 'available' ? 1 : 0), 0);
}

function missingText({ source, recording, detail }: Missing): string {
  return `  ${source}  ${recording.uuid}  ${recording.createdAt ?? '-'}  ${detail}`;
}
