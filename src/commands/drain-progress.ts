import type { DrainTally } from '../archive/drain-tally.js';
import type { VerifyTally } from '../archive/drain-verify.js';
import { jsonLine } from '../observe/printable.js';
import type { Clock } from '../ports.js';
import type { StatusLine } from '../system.js';
import { countText, sizeText, spanText } from './drain-words.js';

/** How often a terminal is drawn on, and how often a line is written elsewhere. */
const DRAW_MS = 200;
const LINE_MS = 30_000;

const BAR_WIDTH = 24;
/** A rate is that of the last so many looks, so that a stall shows. */
const LOOKS_KEPT = 50;

/** How far something is, at one moment. */
export interface Standing {
  /** From 0 to 1; undefined where no end is known. */
  readonly share: number | undefined;
  /** The most important first: a narrow terminal shows as many as fit. */
  readonly parts: readonly string[];
  /** The same for programs. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface ProgressPlaces {
  readonly clock: Clock;
  /** Where a line can be drawn over; undefined: lines are written, now and then. */
  readonly statusLine: StatusLine | undefined;
  /** Takes a line. */
  readonly tell: (line: string) => void;
  /** For programs; it is all that they get. */
  readonly tellFields?: ((line: string) => void) | undefined;
}

export interface Progress {
  /** Takes the drawn line away for a moment, so that something else can be written. */
  clear(): void;
  stop(): void;
}

/** Shows how far something is until it is stopped. */
export function showProgress(look: () => Standing, { clock, statusLine, tell, tellFields }: ProgressPlaces): Progress {
  const drawn = tellFields === undefined ? statusLine : undefined;
  const everyMs = drawn === undefined ? LINE_MS : DRAW_MS;
  let timer = clock.after(everyMs, show);
  return {
    clear: () => drawn?.draw(''),
    stop() {
      timer.cancel();
      drawn?.draw('');
    },
  };

  function show(): void {
    const standing = look();
    if (tellFields !== undefined) tellFields(jsonLine({ kind: 'progress', ...standing.fields }));
    else if (drawn !== undefined) drawn.draw(barText(standing, drawn.columns));
    else tell(standing.parts.join(', '));
    timer = clock.after(everyMs, show);
  }
}

/** Plain ASCII without colours, a column short of the width, since some terminals begin a new line in the last one. */
export function barText({ share, parts }: Pick<Standing, 'share' | 'parts'>, columns: number): string {
  const filled = Math.floor(BAR_WIDTH * (share ?? 0));
  const bar = share === undefined ? '' : `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}]  `;
  const texts = parts.map((_, left) => parts.slice(0, parts.length - left).join('  '));
  // Rather without a bar than without the rate and the time left.
  const candidates = [...texts.slice(0, 2).map((text) => bar + text), ...texts];
  return candidates.find((text) => text.length < columns) ?? (texts.at(-1) ?? '').slice(0, Math.max(columns - 1, 0));
}

/** Looks at a drain; each look is one of those that its rate is made of. */
export function drainStandings(tally: DrainTally, clock: Clock): () => Standing {
  const meter = createMeter(clock);
  return () => {
    const { before, archived, seen, isAllSeen, receivedBytes, notReached, failed } = tally;
    const [bytesPerMs, filesPerMs] = meter(receivedBytes, archived);
    const bytesPerSecond = Math.round(bytesPerMs * 1_000);
    const leftMs = isAllSeen && filesPerMs > 0 ? Math.round(notReached / filesPerMs) : null;
    const there = before + archived;
    return {
      share: seen === 0 ? 0 : there / seen,
      parts: [
        `${there} of ${seen}${isAllSeen ? '' : '+'}`,
        `${sizeText(bytesPerSecond)}/s`,
        ...(leftMs === null ? [] : [`${spanText(leftMs)} left`]),
        ...(failed > 0 ? [`${failed} failed`] : []),
        `${sizeText(receivedBytes)} received`,
      ],
      fields: { archived: there, seen, isAllSeen, failed, receivedBytes, bytesPerSecond, leftMs },
    };
  };
}

export function verifyStandings(tally: VerifyTally, clock: Clock): () => Standing {
  const meter = createMeter(clock);
  return () => {
    const { files, bytes, findings } = tally;
    const bytesPerSecond = Math.round(meter(bytes, files)[0] * 1_000);
    return {
      share: undefined,
      parts: [
        countText(files, 'file'),
        `${sizeText(bytesPerSecond)}/s`,
        ...(findings > 0 ? [`${findings} wrong`] : []),
        `${sizeText(bytes)} read`,
      ],
      fields: { files, bytes, findings, bytesPerSecond },
    };
  };
}

/** How much a millisecond each amount has grown over the last looks. */
function createMeter(clock: Clock): (...amounts: readonly [number, number]) => readonly [number, number] {
  const looks: { readonly atMs: number; readonly amounts: readonly [number, number] }[] = [
    { atMs: clock.monotonicMs(), amounts: [0, 0] },
  ];
  return (...amounts) => {
    looks.push({ atMs: clock.monotonicMs(), amounts });
    if (looks.length > LOOKS_KEPT) looks.shift();
    const [first, last] = [looks[0], looks.at(-1)];
    if (first === undefined || last === undefined || last.atMs === first.atMs) return [0, 0];
    const spentMs = last.atMs - first.atMs;
    return [(last.amounts[0] - first.amounts[0]) / spentMs, (last.amounts[1] - first.amounts[1]) / spentMs];
  };
}
