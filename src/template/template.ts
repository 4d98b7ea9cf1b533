import type { Liquid, Template as Part } from 'liquidjs';
import type { NotifierEvent } from '../core/event.js';
import { createEngine, engine, FILTERS, isLiquidError, NO_FILTERS, RESERVED, renderPieces, TAGS } from './engine.js';
import { BackslashError, type Place, textOf } from './places.js';
import { variablesOf } from './variables.js';

/** What is wrong with a template, as a predicate that repeats nothing of it. */
export interface TemplateFlaw {
  /** Within the template, from 1. */
  readonly line: number;
  readonly column: number;
  readonly problem: string;
  /** What it is about, with words of the template. */
  readonly about?: string;
  /** The word that is not known, with those that are. */
  readonly unknown?: { readonly word: string; readonly known: readonly string[] };
  /** What would do, whatever stands in the template. */
  readonly hint?: string;
}

/** A template cannot be read, or makes nothing that can be sent. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  readonly flaw: TemplateFlaw;

  constructor(flaw: TemplateFlaw, options?: ErrorOptions) {
    super(flaw.problem, options);
    this.flaw = flaw;
  }
}

/** A template that has been read. */
export interface Template {
  readonly parts: Part[];
  readonly place: Place;
}

const START = { line: 1, column: 1 } as const;

/** Throws a {@link TemplateError}. */
export function parseTemplate(source: string, place: Place, liquid: Liquid = engine()): Template {
  const reserved = RESERVED.exec(source);
  if (reserved !== null) {
    const before = source.slice(0, reserved.index).split('\n');
    const at = { line: before.length, column: (before.at(-1) ?? '').length + 1 };
    throw new TemplateError({ ...at, problem: 'holds U+FDD0 or U+FDD1, which are no characters', hint: 'take it out' });
  }
  try {
    return { parts: liquid.parse(source), place };
  } catch (error) {
    throw new TemplateError(flawOf(error), { cause: error });
  }
}

/** The text of an event. Throws a {@link TemplateError}. */
export function renderTemplate({ parts, place }: Template, event: NotifierEvent, timezone: string): string {
  try {
    const text = textOf(renderPieces(parts, variablesOf(event, place), timezone), place);
    if (place === 'json') JSON.parse(text);
    if (place === 'json lines') for (const line of text.split('\n')) if (line.trim() !== '') JSON.parse(line);
    return text;
  } catch (error) {
    throw new TemplateError(flawOf(error), { cause: error });
  }
}

/** Like {@link parseTemplate}, but goes past filters that it does not know, to find all of them. */
export function readTemplate(
  source: string,
  place: Place,
): { readonly template?: Template; readonly flaws: readonly TemplateFlaw[] } {
  const flaws: TemplateFlaw[] = [];
  const names: string[] = [];
  for (;;) {
    try {
      const template = parseTemplate(source, place, names.length === 0 ? engine() : createEngine(names));
      return names.length === 0 ? { template, flaws } : { flaws };
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      flaws.push(error.flaw);
      const filter = /^undefined filter: (\S+)/.exec(wordsOf(error.cause))?.[1];
      if (filter === undefined || names.includes(filter) || names.length >= FILTERS_MAX) return { flaws };
      names.push(filter);
    }
  }
}

/** Of filters that are not known; whoever has more has something else. */
const FILTERS_MAX = 20;

function flawOf(error: unknown): TemplateFlaw {
  if (error instanceof BackslashError) {
    return { ...START, problem: `renders to no JSON: ${error.message}`, hint: 'leave the backslash out' };
  }
  if (error instanceof RangeError) return { ...START, problem: 'is nested too deeply', hint: 'write a simpler one' };
  if (!isLiquidError(error)) return flawOfText(error);
  const [line = 1, column = 1] = error.token.getPosition();
  return { line, column, ...explain(wordsOf(error), error.originalError) };
}

/** Of what was made: V8 says where, and may repeat a piece of it. */
function flawOfText(error: unknown): TemplateFlaw {
  const words = wordsOf(error);
  if (!(error instanceof SyntaxError)) return { ...START, ...explain(words) };
  const where = /\(line \d+ column \d+\)/.exec(words)?.[0] ?? '';
  const hint = 'a value stands for itself, or inside of "…"; both are escaped';
  return {
    ...START,
    problem: `renders to no JSON${where === '' ? '' : `, see ${where.slice(1, -1)} of what it makes`}`,
    hint,
  };
}

type Explained = Omit<TemplateFlaw, 'line' | 'column'>;

function explain(words: string, cause?: unknown): Explained {
  const [, kind, word = ''] = /^(undefined filter|undefined variable): (\S+)/.exec(words) ?? [];
  if (kind === 'undefined filter') {
    const instead = NO_FILTERS.get(word);
    if (instead !== undefined) return { problem: 'has a filter that is not needed', about: word, hint: instead };
    return {
      problem: 'has a filter that is not known',
      unknown: { word, known: FILTERS },
      hint: `known are ${FILTERS.join(', ')}`,
    };
  }
  if (kind === 'undefined variable') return { problem: 'names a variable that is not there', about: word };
  const tag = /^tag "(\S+)" not found/.exec(words)?.[1];
  if (tag !== undefined) {
    const known = TAGS.filter((name) => name !== '#');
    return {
      problem: 'has a tag that is not known',
      unknown: { word: tag, known },
      hint: `known are ${known.join(', ')}`,
    };
  }
  if (/^memory alloc limit/.test(words)) return { problem: 'makes more than a template may', hint: 'loop over less' };
  if (/^output limit/.test(words))
    return { problem: 'makes a text of more than a million characters', hint: 'loop over less' };
  if (/^template render limit/.test(words))
    return { problem: 'takes longer than a template may', hint: 'loop over less' };
  if (/^parse length limit/.test(words)) return { problem: 'is too long', hint: 'write 100,000 characters or less' };
  if (cause instanceof RangeError) return { problem: 'is nested too deeply', hint: 'write a simpler one' };
  return { problem: 'is not Liquid', about: words, hint: 'see https://shopify.github.io/liquid/' };
}

/** Without the place, which is said before it. */
function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/, line:\d+, col:\d+$/, '');
}
