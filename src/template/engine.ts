import { createRequire } from 'node:module';
import type * as LiquidJs from 'liquidjs';
import type { Context, Emitter, FilterImplOptions, Liquid, Template } from 'liquidjs';
import { once } from '../once.js';
import { dateMsOf, dateWords, durationWords, sizeWords } from '../sinks/text.js';
import { type Piece, plainOf } from './places.js';

/** Liquid without files, without the clock, and with written bounds. */

export const TAGS = [
  '#',
  'assign',
  'break',
  'capture',
  'case',
  'comment',
  'continue',
  'for',
  'if',
  'raw',
  'unless',
] as const;

/** Of Liquid's own filters. Left out are those that run a text as code, that read the clock, and that escape: see {@link NO_FILTERS}. */
const PLAIN_FILTERS = [
  ...[
    'abs',
    'append',
    'at_least',
    'at_most',
    'capitalize',
    'ceil',
    'compact',
    'concat',
    'default',
    'divided_by',
    'downcase',
  ],
  ...['first', 'floor', 'join', 'last', 'lstrip', 'map', 'minus', 'modulo', 'normalize_whitespace', 'plus', 'prepend'],
  ...[
    'remove',
    'remove_first',
    'remove_last',
    'replace',
    'replace_first',
    'replace_last',
    'reverse',
    'round',
    'rstrip',
    'size',
  ],
  ...[
    'slice',
    'sort',
    'split',
    'strip',
    'strip_newlines',
    'sum',
    'times',
    'truncate',
    'truncatewords',
    'uniq',
    'upcase',
  ],
  ...['url_encode', 'where'],
] as const;

export const FILTERS: readonly string[] = [...PLAIN_FILTERS, 'bytes', 'date', 'duration', 'json', 'raw'].sort();

/** Filters that people look for, and what to do in their place. */
export const NO_FILTERS: ReadonlyMap<string, string> = new Map(
  ['escape', 'escape_once', 'h', 'xml_escape', 'newline_to_br'].map((name) => [
    name,
    'leave it out: what a template puts in is escaped for its place',
  ]),
);

/** Entries of lists and characters that filters and tags make; `(1..100000000)` is over it at once. */
const MEMORY_MAX = 4_000_000;
/** Tags, outputs and texts rendered. Counted, since a count is the same at every attempt and a time is not. */
const STEPS_MAX = 100_000;
/** For steps that are slow by themselves. */
const TIME_MS_MAX = 2_000;
export const SOURCE_CHARACTERS_MAX = 100_000;

/** Stand around the number of a value, in what a template makes at first. They are no characters of any text. */
const BEFORE = '\ufdd0';
const AFTER = '\ufdd1';
const MARK = /\ufdd0(\d+)\ufdd1/;
export const RESERVED = /[\ufdd0\ufdd1]/;

/** Of what `capture` holds, beside it: what it has itself, a template can name. */
const MARKED = new WeakMap<object, string>();

/** Liquid, and what has to be of its classes. Made where somebody has a template, since it takes 8 MB and 10 ms. */
const loaded = once(() => {
  const liquidJs = createRequire(import.meta.url)('liquidjs') as typeof LiquidJs;

  /** What is put in otherwise than as the text that it is for filters. */
  abstract class Kept extends liquidJs.Drop {
    abstract override valueOf(): string;

    /** Where a member of it is named, which Liquid would otherwise look for in the object and its class. */
    toLiquid(): string {
      return this.valueOf();
    }
  }

  /** What `capture` holds: the template's own text in it is not escaped when it is put in, the values in it are. */
  class Captured extends Kept {
    readonly #marked: string;
    readonly #values: readonly unknown[];

    constructor(marked: string, values: readonly unknown[]) {
      super();
      this.#marked = marked;
      this.#values = values;
      MARKED.set(this, marked);
    }

    override valueOf(): string {
      return piecesOf(this.#marked, this.#values)
        .map((piece) => (typeof piece === 'string' ? piece : plainOf(piece.value)))
        .join('');
    }
  }

  /** What `json` makes: a value where JSON stands by itself, its text elsewhere. */
  class AsJson extends Kept {
    readonly #value: unknown;

    constructor(value: unknown) {
      super();
      this.#value = value;
    }

    toJSON(): unknown {
      return this.#value;
    }

    override valueOf(): string {
      return JSON.stringify(this.#value) ?? 'null';
    }
  }

  class BoundedCapture extends liquidJs.CaptureTag {
    override *render(context: Context): Generator<unknown, void, string> {
      const emitter = new BoundedEmitter(context);
      yield this.liquid.renderer.renderTemplates(this.templates, context, emitter);
      context.bottom()[this.variable] = new Captured(emitter.buffer, valuesOf(context));
    }
  }

  return { liquidJs, Kept, Captured, AsJson, BoundedCapture };
});

/** A value, put in by its number until it is known where it stands. */
function mark(this: { readonly context: Context }, value: unknown): string {
  const marked = markedOf(value);
  if (marked !== undefined) return marked;
  const values = valuesOf(this.context);
  const known = value instanceof loaded().AsJson ? value : unkept(value);
  this.context.memoryLimit.use(plainOf(known).length);
  values.push(known);
  return `${BEFORE}${values.length - 1}${AFTER}`;
}

function markedOf(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null ? MARKED.get(value) : undefined;
}

function unkept(value: unknown): unknown {
  return value instanceof loaded().liquidJs.Drop ? value.valueOf() : (value ?? null);
}

function valuesOf(context: Context): unknown[] {
  return context.getRegister<unknown[]>('values', []);
}

/** As it is. Its text cannot stand for another value. */
function raw(value: unknown): string {
  return markedOf(value) ?? plainOf(unkept(value)).replace(new RegExp(RESERVED, 'g'), '');
}

type Handler = Extract<FilterImplOptions, (...values: never[]) => unknown>;

/** In the time zone of the sink. Liquid's own filter takes `now`, which would be another text at each attempt. */
function date(this: ThisParameterType<Handler>, value: unknown, format?: unknown): unknown {
  const text = unkept(value);
  const ms = typeof text === 'string' ? dateMsOf(text) : undefined;
  if (ms === undefined) return text;
  if (format === undefined) return dateWords(ms, String(this.context.opts.timezoneOffset));
  return handlerOf('date').call(this, text, format);
}

function handlerOf(name: string): Handler {
  const filter = loaded().liquidJs.filters[name];
  const handler = typeof filter === 'function' ? filter : filter?.handler;
  if (handler === undefined) throw new Error(`Liquid has no filter ${name}`);
  return handler;
}

/** Liquid's own filters look at what they get as it is. */
function ofTexts(handler: Handler): Handler {
  const textOf = (value: unknown) => (value instanceof loaded().Kept ? value.valueOf() : value);
  return function (this: ThisParameterType<Handler>, value, ...rest) {
    return handler.call(this, textOf(value), ...rest.map(textOf));
  };
}

class BoundedEmitter implements Emitter {
  buffer = '';
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  write(text: unknown): void {
    const written = typeof text === 'string' ? text : plainOf(text);
    this.#context.memoryLimit.use(written.length);
    this.buffer += written;
  }
}

/** Knows filters of other names too, which do nothing: to find what else is wrong with a template that names them. */
export function createEngine(others: readonly string[] = []): Liquid {
  const { liquidJs, AsJson, BoundedCapture } = loaded();
  const made = new liquidJs.Liquid({
    strictFilters: true,
    strictVariables: true,
    lenientIf: true,
    ownPropertyOnly: true,
    outputEscape: mark as (value: unknown) => string,
    timezoneOffset: 'UTC',
    locale: 'en-US',
    // No file is ever read.
    templates: {},
    parseLimit: SOURCE_CHARACTERS_MAX,
    memoryLimit: MEMORY_MAX,
    renderLimit: TIME_MS_MAX,
  });
  for (const name of Object.keys(made.tags)) if (!(TAGS as readonly string[]).includes(name)) delete made.tags[name];
  for (const name of Object.keys(made.filters))
    if (!(PLAIN_FILTERS as readonly string[]).includes(name)) made.unregisterFilter(name);
  for (const name of PLAIN_FILTERS) made.registerFilter(name, ofTexts(handlerOf(name)));
  made.registerTag('capture', BoundedCapture);
  made.registerFilter('raw', { raw: true, handler: raw });
  made.registerFilter('json', (value) => new AsJson(unkept(value)));
  made.registerFilter('date', date);
  made.registerFilter('bytes', (value) => wordsOf(value, sizeWords));
  made.registerFilter('duration', (value) => wordsOf(value, durationWords));
  for (const name of others) made.registerFilter(name, (value) => value);
  return made;
}

function wordsOf(value: unknown, words: (count: number) => string): unknown {
  const count = unkept(value);
  return typeof count === 'number' && count >= 0 ? words(count) : count;
}

export const engine = once(() => createEngine());

/** Of Liquid, which says where. */
export function isLiquidError(error: unknown): error is LiquidJs.LiquidError {
  return error instanceof loaded().liquidJs.LiquidError;
}

/** What the template makes of the variables. Throws what Liquid throws. */
export function renderPieces(
  templates: Template[],
  variables: Readonly<Record<string, unknown>>,
  timezone: string,
): Piece[] {
  const { liquidJs } = loaded();
  const liquid = engine();
  const options = { ...liquid.options, timezoneOffset: timezone };
  const scope = Object.assign(Object.create(null), variables);
  const context = new liquidJs.Context(scope, options, { sync: true }, { liquid });
  countSteps(context);
  const emitter = new BoundedEmitter(context);
  liquidJs.toValueSync(liquid.renderer.renderTemplates(templates, context, emitter));
  return piecesOf(emitter.buffer, valuesOf(context));
}

/** Liquid looks at its clock before each step. */
function countSteps({ renderLimit }: Context): void {
  const check = renderLimit.check.bind(renderLimit);
  let steps = 0;
  renderLimit.check = (nowMs) => {
    steps += 1;
    if (steps > STEPS_MAX) throw new Error('template render limit exceeded');
    check(nowMs);
  };
}

function piecesOf(marked: string, values: readonly unknown[]): Piece[] {
  return marked.split(MARK).map((part, index) => (index % 2 === 0 ? part : { value: values[Number(part)] }));
}
