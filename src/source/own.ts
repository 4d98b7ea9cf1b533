import { z } from 'zod';
import type { RecordingUuid } from '../core/id.js';
import type { Recording } from '../core/recording.js';
import {
  type ConfiguredSource,
  keyNamesOf,
  type Page,
  type SourceContext,
  type SourceDefinition,
  SourceError,
  type WalkEnd,
} from './define.js';
import { findInWalk } from './find.js';
import { lookAt } from './look.js';
import { readRows } from './schema.js';

const NO_SETTINGS = z.strictObject({});

/** A walk of somebody else's that knows no end is not complete either. */
const PAGES_MAX = 100_000;

/** A part of the list of a source of one's own. */
export interface OwnPage {
  /** Objects with `uuid` and `status`, and where there are such things `roomId`, `meetingId`, `createdAt` and `url`: texts. What is none is set aside and counted. */
  readonly rows: readonly unknown[];
  /** How many rows the list says that it has. */
  readonly total?: number | undefined;
}

/** How a walk of one's own ended. Nothing at all: the list was read to its end. */
export type OwnEnd =
  | {
      readonly complete: true;
      /** Rows moved between pages while they were read. */
      readonly shifted?: boolean;
    }
  | {
      readonly complete: false;
      /** What is wrong and which key to set, in words. */
      readonly reason: string;
    };

/** A configured account of a source type of one's own. */
export interface OwnSource {
  /** What the list is made of, such as its address and filters: when this text changes, the list is another one. It is stored: no credential. */
  readonly scope: string;
  /** Where the platform is: the guard of the URLs in its rows asks for it. */
  readonly address?: string | undefined;
  /** When the credential dies, wall clock in milliseconds. */
  readonly credentialExpiresAtMs?: number | null | undefined;
  /** The list, page by page, the newest first if the platform can. Throws a {@link SourceError} where it breaks. */
  walk(signal: AbortSignal): AsyncGenerator<OwnPage, OwnEnd | undefined, void>;
  /** By one request, the rows of one meeting. */
  ofMeeting?(meetingId: string, signal: AbortSignal): Promise<OwnPage>;
  /** The row as it is now, its URL fresh; undefined when the list has it not. Without it, the list is walked until it comes. */
  find?(
    uuid: RecordingUuid,
    hints: { readonly meetingId: string | null; readonly roomId: string | null },
    signal: AbortSignal,
  ): Promise<unknown>;
}

/** What `open` of a source type of one's own is given. */
export interface OwnSourceContext<Settings> extends SourceContext<Settings> {
  /** How advice names a key of the settings, such as `sources.shelf.token (${SHELF_TOKEN})`. */
  readonly keyName: (key: string) => string;
}

/** What a source type of one's own has to say of itself; the rest has defaults. */
export interface OwnSourceType<Settings extends z.ZodType = z.ZodType>
  extends Pick<SourceDefinition<Settings>, 'type'>,
    Partial<Pick<SourceDefinition<Settings>, 'summary' | 'settings' | 'example'>> {
  open(context: OwnSourceContext<z.output<Settings>>): OwnSource;
}

const made = new WeakSet<object>();

/**
 * Makes a source type: code that polls one kind of platform.
 *
 * `settings` is a schema of zod 4, as a strict object, of the keys that a source of the type takes in the config; without it the type
 * takes none. What `walk` yields is judged row by row as the rows of our own types are. A failure that is expected is thrown as a
 * {@link SourceError}; another exception is a bug: the poll fails, and it is logged with its stack.
 */
export function defineOwnSource<Settings extends z.ZodType = typeof NO_SETTINGS>(
  type: OwnSourceType<Settings>,
): SourceDefinition<Settings> {
  const flaw = flawOf(type);
  if (flaw !== undefined) throw new TypeError(`a source type ${flaw}`);
  // Settings is the type of NO_SETTINGS where none are given.
  const settings = type.settings ?? (NO_SETTINGS as z.ZodType as Settings);
  const definition: SourceDefinition<Settings> = {
    ...{ summary: 'A source type of your own.', example: '', ...type, settings },
    open: (context) => completed(type.type, type.open({ ...context, keyName: keyNamesOf(context) }), context),
  };
  made.add(definition);
  return definition;
}

/** Whether {@link defineOwnSource} has made it: a module may export what it made, or the plain object. */
export function isDefinedAlready(value: unknown): value is SourceDefinition {
  return typeof value === 'object' && value !== null && made.has(value);
}

/** What keeps a value from being a source type, as a predicate; undefined when it is one. */
export function flawOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'is an object with type, settings and open';
  const { type, open, settings } = value as Partial<Record<keyof SourceDefinition, unknown>>;
  if (typeof type !== 'string' || type === '') return 'needs a type, the name that a config calls it by';
  if (typeof open !== 'function') return 'needs open, a function';
  const isSchema = typeof settings === 'object' && settings !== null && '_zod' in settings;
  return settings === undefined || isSchema ? undefined : 'has settings that are no schema of zod 4';
}

/** With everything that the program asks of a source, and nothing of it believed. */
function completed(type: string, own: OwnSource, { name }: SourceContext<unknown>): ConfiguredSource {
  const flaw = sourceFlawOf(own);
  if (flaw !== undefined) throw new TypeError(`source ${name}: what its type opens ${flaw}`);

  async function* pagesOf(signal: AbortSignal): AsyncGenerator<OwnPage, WalkEnd, void> {
    const walk = own.walk(signal);
    let pages = 0;
    try {
      for (let step = await walk.next(); ; step = await walk.next()) {
        if (step.done) return { pages, ...endOf(step.value) };
        if (pages === PAGES_MAX) break;
        pages += 1;
        yield step.value;
        // One that does not look at the signal is stopped all the same.
        if (signal.aborted) throw new SourceError('aborted', `source ${name}: stopped before its list was read`);
      }
    } catch (error) {
      throw sourceErrorOf(error, signal);
    } finally {
      await walk.return(undefined).catch(() => undefined);
    }
    return { complete: false, pages, reason: `the list is longer than ${PAGES_MAX} pages` };
  }

  async function* walk(signal: AbortSignal): AsyncGenerator<Page, WalkEnd, void> {
    const pages = pagesOf(signal);
    try {
      for (let step = await pages.next(); ; step = await pages.next()) {
        if (step.done) return step.value;
        yield pageOf(step.value);
      }
    } finally {
      await pages.return({ complete: false, pages: 0, reason: 'no more of it is wanted' });
    }
  }

  function pageOf(page: OwnPage): Page {
    if (!Array.isArray(page?.rows)) throw threw(new TypeError('a page without rows, a list'));
    return { ...readRows(page.rows), total: Number.isSafeInteger(page.total) ? page.total : undefined };
  }

  function sourceErrorOf(error: unknown, signal: AbortSignal): SourceError {
    if (error instanceof SourceError) return error;
    if (signal.aborted) return new SourceError('aborted', `source ${name}: stopped before an answer came`);
    return threw(error);
  }

  function threw(cause: unknown): SourceError {
    const what = cause instanceof Error ? cause.name : typeof cause;
    return new SourceError('source_threw', `source ${name}: its type threw a ${what}; the log has the stack`, {
      cause,
    });
  }

  async function guarded<Result>(signal: AbortSignal, ask: () => Promise<Result>): Promise<Result> {
    try {
      return await ask();
    } catch (error) {
      throw sourceErrorOf(error, signal);
    }
  }

  const { ofMeeting, find } = own;
  return {
    scope: JSON.stringify([type, own.scope]),
    address: own.address,
    credentialExpiresAtMs: own.credentialExpiresAtMs ?? null,
    walk,
    ...(ofMeeting !== undefined && {
      ofMeeting: (meetingId: string, signal: AbortSignal) =>
        guarded(signal, async () => pageOf(await ofMeeting.call(own, meetingId, signal))),
    }),
    find(uuid, hints, signal, passing) {
      if (find === undefined) return findInWalk(name, uuid, walk(signal), passing);
      return guarded(signal, async () => {
        const row = await find.call(own, uuid, hints, signal);
        return row === undefined || row === null ? undefined : onlyRowOf(row);
      });
    },
    async look(signal) {
      const pages = pagesOf(signal);
      const first = await pages.next();
      if (first.done) return lookAt({ rows: [], paging: 'the list has no page', end: first.value });
      pageOf(first.value);
      const second = await pages.next();
      await pages.return({ complete: false, pages: 1, reason: 'one page is enough' });
      const paging = second.done === true ? 'there is no other page' : 'there are more pages';
      return lookAt({ rows: first.value.rows, paging, end: second.done === true ? second.value : undefined });
    },
  };

  function onlyRowOf(row: unknown): Recording {
    const { recordings, rejected } = readRows([row]);
    const [recording] = recordings;
    if (recording !== undefined) return recording;
    throw new SourceError('bad_answer', `source ${name}: what was found ${rejected.reasons[0] ?? 'is no recording'}`);
  }
}

function endOf(end: OwnEnd | undefined) {
  if (end === undefined || end === null) return { complete: true, shifted: false } as const;
  return end.complete
    ? ({ complete: true, shifted: end.shifted === true } as const)
    : ({ complete: false, reason: String(end.reason) } as const);
}

function sourceFlawOf(own: unknown): string | undefined {
  if (typeof own !== 'object' || own === null) return 'is no object with scope and walk';
  const { scope, walk } = own as Partial<Record<keyof OwnSource, unknown>>;
  if (typeof scope !== 'string' || scope === '') return 'needs a scope, a text';
  return typeof walk === 'function' ? undefined : 'needs walk, a function';
}
