import { ArchiveError } from '../archive/define.js';
import {
  createDrain,
  type Drain,
  type DrainNews,
  type DrainOptions,
  type DrainPorts,
  type NamedSource,
} from '../archive/drain.js';
import { createCarrier } from '../archive/drain-carry.js';
import { remoteBytes } from '../archive/drain-size.js';
import type { ArchivePlace } from '../archive/place.js';
import { jsonLine, printable } from '../observe/printable.js';
import type { HttpClient } from '../ports.js';
import { systemClock } from '../system.js';
import { type CommandContext, EXIT, type ExitCode } from './command.js';
import { drainStandings, type Progress, showProgress } from './drain-progress.js';
import { type DrainEnd, isWhole, reportAsJson, reportAsText } from './drain-report.js';

/** Failures that a person is told of while it goes on; the report has them all. */
const FAILURES_TOLD_MAX = 20;

/** Sizes that are asked for at first; later ones at each doubling, so that the whole account has a part in the guess. */
const SIZES_FIRST = 10;

export interface DrainScene {
  readonly place: ArchivePlace;
  readonly sources: readonly NamedSource[];
  readonly http: HttpClient;
  readonly json: boolean;
  readonly context: CommandContext;
  /** The first signal; a second one ends the process. */
  readonly signal: AbortSignal;
  /** Called with what takes the drawn line away; something else is about to be written to the terminal. */
  readonly onDraw: (clear: () => void) => void;
}

/** Archives what is missing. */
export async function drainInto(scene: DrainScene, options: DrainOptions): Promise<ExitCode> {
  const { place, http, json, context } = scene;
  const { target } = place;
  let failures = 0;
  let progress: Progress | undefined;
  const drain = createDrain(
    scene.sources,
    {
      clock: systemClock,
      target,
      carry: createCarrier(place, http),
      tell,
    },
    options,
  );
  const end = await watched(scene, drain, (started) => {
    progress = started;
  });
  await report(end, scene);
  return isWhole(end) ? EXIT.fine : EXIT.failed;

  async function tell(news: DrainNews): Promise<void> {
    if (json) return context.print(jsonLine(newsAsJson(news, place)));
    if (news.kind === 'archived') return;
    failures += 1;
    if (failures > FAILURES_TOLD_MAX) return;
    progress?.clear();
    context.tell(printable(`${news.source}  ${news.uuid}  ${news.detail}`));
  }
}

/** Reads the lists and says what a drain would do. */
export async function survey(scene: DrainScene, options: DrainOptions): Promise<ExitCode> {
  const { http, place } = scene;
  const sizes: number[] = [];
  let seen = 0;
  const carry: DrainPorts['carry'] = async (_, link, signal) => {
    seen += 1;
    if (seen <= SIZES_FIRST || Number.isInteger(Math.log2(seen))) {
      const bytes = await remoteBytes(http, link, signal);
      if (bytes !== undefined) sizes.push(bytes);
    }
    return { kind: 'left' };
  };
  const target = { files: () => place.target.files(), find: async () => undefined };
  const ports = { clock: systemClock, target, carry, tell: async () => undefined };
  const drain = createDrain(scene.sources, ports, { ...options, roundWaitsMs: [] });
  const end = await watched(scene, drain);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const guess = sizes.length === 0 ? null : Math.round((bytes / sizes.length) * drain.tally.notReached);
  await report({ ...end, survey: { bytes: guess } }, scene);
  return end.halt === undefined && !end.isStopped && end.tally.problems.length === 0 ? EXIT.fine : EXIT.failed;
}

async function watched(
  { place, json, context, signal, onDraw }: DrainScene,
  drain: Drain,
  onStart: (progress: Progress) => void = () => undefined,
): Promise<DrainEnd> {
  const startedMs = systemClock.monotonicMs();
  const progress = showProgress(drainStandings(drain.tally, systemClock), {
    clock: systemClock,
    statusLine: context.statusLine,
    tell: context.tell,
    // Who has closed stdout ends the drain by the next line that has to be taken.
    tellFields: json ? (line) => void context.print(line).catch(() => undefined) : undefined,
  });
  onDraw(progress.clear);
  onStart(progress);
  let halt: string | undefined;
  try {
    await drain.run(signal);
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    halt = error.message;
  } finally {
    progress.stop();
  }
  const durationMs = systemClock.monotonicMs() - startedMs;
  return { archive: place.target.label, tally: drain.tally, durationMs, isStopped: signal.aborted, halt };
}

async function report(end: DrainEnd, { json, context }: DrainScene): Promise<void> {
  for (const line of json ? reportAsJson(end) : reportAsText(end)) await context.print(line);
}

function newsAsJson(news: DrainNews, { target }: ArchivePlace): object {
  if (news.kind === 'failed') return news;
  const { source, uuid, bytes, sha256 } = news.file;
  return { kind: 'archived', source, uuid, location: target.locationOf(news.file), bytes, sha256 };
}
