import type { WalkEnd } from './define.js';
import { compileExpression, type Expression } from './expression.js';
import { DAY, type Settings } from './http-json-settings.js';
import { nextLinkOf } from './link-header.js';
import { createPagingJudge, hasChanged, type Pagination, repeats, type SeenPage, wholeNumber } from './paging.js';

/** Which request gets which page, and where the list ends. */

export interface PageRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly body?: string | undefined;
}

/** A page as it came. */
export interface CamePage {
  /** From 1. */
  readonly number: number;
  readonly rowCount: number;
  /** Of the valid rows, in their order. */
  readonly uuids: readonly string[];
  readonly total: number | undefined;
  /** Where the next page is, as the answer says it. */
  readonly next: unknown;
  readonly pages: unknown;
}

/** What a walk does after a page. */
export type Step = { readonly request: PageRequest } | { readonly end: WalkEnd };

const CURSOR_LENGTH_MAX = 8_192;
const DAY_MS = 86_400_000;

type Params = Readonly<Record<string, string | number | boolean>>;

/** What of an answer says how the list goes on. */
export function createSignposts({ paging, total }: Pick<Settings, 'paging' | 'total'>) {
  const totalOf = total === undefined ? undefined : compileExpression(total);
  const nextOf = 'next' in paging ? compileExpression(paging.next) : undefined;
  const isPaged = paging.type === 'page' && paging.pages !== undefined;
  const pagesOf: Expression | undefined = isPaged ? compileExpression(paging.pages ?? '') : undefined;
  return (json: unknown, headers: Readonly<Record<string, string>>) => ({
    total: wholeNumber(totalOf?.(json), 0),
    next: paging.type === 'link' ? nextLinkOf(headers['link'] ?? '') : nextOf?.(json),
    pages: pagesOf?.(json),
  });
}

/** The pages of one walk, one after the other. */
export class Pager {
  readonly #settings: Settings;
  readonly #keyName: (key: string) => string;
  readonly #nowMs: number;
  readonly #judge;
  #first: SeenPage | undefined;
  #previous: SeenPage | undefined;
  #rowsBefore = 0;
  #cursor: string | undefined;
  #url: string;

  constructor(settings: Settings, keyName: (key: string) => string, nowMs: number) {
    this.#settings = settings;
    this.#keyName = keyName;
    this.#nowMs = nowMs;
    this.#judge = createPagingJudge(keyName('paging.param'));
    this.#url = settings.url;
  }

  first(): PageRequest {
    const { paging } = this.#settings;
    if (paging.type === 'page') return this.#request({ [paging.param]: paging.first });
    return this.#request(paging.type === 'offset' ? { [paging.param]: 0 } : {});
  }

  /** What comes after a page that has come. */
  after(page: CamePage): Step {
    const step = this.#stepAfter(page);
    const { paging } = this.#settings;
    if ('end' in step || paging.type === 'none' || page.number < paging.maxPages) return step;
    return this.#broken(
      page,
      `the list is longer than ${paging.maxPages} pages; raise ${this.#keyName('paging.maxPages')}`,
    );
  }

  #stepAfter(page: CamePage): Step {
    const { paging } = this.#settings;
    switch (paging.type) {
      case 'none':
        return this.#endOrBroken(page);
      case 'page':
        return this.#afterNumber(page, paging);
      case 'offset':
        return this.#afterOffset(page, paging.param);
      case 'cursor':
        return this.#afterCursor(page, paging.param);
      case 'link':
      case 'nextUrl':
        return this.#afterUrl(page);
    }
  }

  #afterNumber(page: CamePage, { param, first }: { readonly param: string; readonly first: number }): Step {
    const pages = wholeNumber(page.pages, 1);
    // Many an API says one page of an empty list.
    const totalPages = pages === 1 && page.rowCount === 0 ? undefined : pages;
    const pagination: Pagination = { page: undefined, totalPages, total: page.total };
    const end = this.#judge(seenPage(page, pagination));
    return end === undefined ? { request: this.#request({ [param]: first + page.number }) } : { end };
  }

  #afterOffset(page: CamePage, param: string): Step {
    this.#rowsBefore += page.rowCount;
    const isLast = page.rowCount === 0 || (page.total !== undefined && this.#rowsBefore >= page.total);
    const isShort = page.number > 1 && page.total !== undefined && this.#rowsBefore < page.total;
    if (isLast && isShort)
      return this.#broken(page, `the list ended after ${this.#rowsBefore} rows, and says that it has ${page.total}`);
    if (isLast) return this.#endOrBroken(page);
    return this.#repetition(page) ?? { request: this.#request({ [param]: this.#rowsBefore }) };
  }

  #afterCursor(page: CamePage, param: string): Step {
    const { next } = page;
    if (next === undefined || next === null || next === '' || next === false) return this.#endOrBroken(page);
    const cursor = Number.isSafeInteger(next) ? String(next) : next;
    const where = this.#keyName('paging.next');
    if (typeof cursor !== 'string' || cursor.length > CURSOR_LENGTH_MAX)
      return this.#broken(page, `page ${page.number} has a cursor that is none; look at ${where}`);
    if (cursor === this.#cursor)
      return this.#broken(
        page,
        `page ${page.number} has the cursor of itself; look at ${where} and ${this.#keyName('paging.param')}`,
      );
    this.#cursor = cursor;
    return this.#repetition(page) ?? { request: this.#request({ [param]: cursor }) };
  }

  /** Credentials go with the request, so the next page has to be at the same place. */
  #afterUrl(page: CamePage): Step {
    const { next } = page;
    if (next === undefined || next === null || next === '' || next === false) return this.#endOrBroken(page);
    const { url, method } = this.#settings;
    const target = typeof next === 'string' && next.length <= CURSOR_LENGTH_MAX ? URL.parse(next, this.#url) : null;
    if (target === null) return this.#broken(page, `page ${page.number} names a next page by what is no URL`);
    if (target.origin !== new URL(url).origin || `${target.username}${target.password}` !== '')
      return this.#broken(
        page,
        `page ${page.number} names a next page at ${target.host || 'no host'}, which is not where ${this.#keyName('url')} is: no credential goes there`,
      );
    target.hash = '';
    if (target.href === this.#url) return this.#broken(page, `page ${page.number} names itself as the next page`);
    this.#url = target.href;
    return this.#repetition(page) ?? { request: { method, url: target.href, body: this.#bodyWith({}) } };
  }

  #endOrBroken(page: CamePage): Step {
    const { number, rowCount, total } = page;
    if (number === 1 && rowCount === 0 && total !== undefined && total > 0)
      return this.#broken(page, `page 1 has no rows although the total is ${total}; look at ${this.#keyName('items')}`);
    const seen = seenPage(page);
    const repetition = this.#repetition(page);
    if (repetition !== undefined) return repetition;
    return { end: { complete: true, pages: number, shifted: hasChanged(this.#first ?? seen, seen) } };
  }

  #repetition(page: CamePage): Step | undefined {
    const seen = seenPage(page);
    const repeated = [this.#first, this.#previous].find((other) => other !== undefined && repeats(seen, other));
    this.#first ??= seen;
    this.#previous = seen;
    if (repeated === undefined) return undefined;
    return this.#broken(
      page,
      `page ${page.number} repeats page ${repeated.number}; look at ${this.#keyName('paging')}`,
    );
  }

  #broken({ number }: CamePage, reason: string): Step {
    return { end: { complete: false, pages: number, reason } };
  }

  #request(place: Params): PageRequest {
    const { url, method, query, paging } = this.#settings;
    const size: Params = 'size' in paging && paging.sizeParam !== undefined ? { [paging.sizeParam]: paging.size } : {};
    const params = { ...size, ...place };
    const search = queryOf({ ...query, ...(method === 'GET' && params) }, this.#nowMs);
    return { method, url: `${url}${search}`, body: this.#bodyWith(params) };
  }

  #bodyWith(params: Params): string | undefined {
    const { method, body } = this.#settings;
    return method === 'POST' ? JSON.stringify({ ...body, ...params }) : undefined;
  }
}

/** With the question mark, or nothing. */
export function queryOf(params: Params, nowMs: number): string {
  const entries = Object.entries(params).map(([key, value]) => [key, dayOf(String(value), nowMs)] as [string, string]);
  return entries.length === 0 ? '' : `?${new URLSearchParams(entries)}`;
}

function dayOf(value: string, nowMs: number): string {
  const day = DAY.exec(value);
  return day === null ? value : new Date(nowMs - Number(day[1] ?? 0) * DAY_MS).toISOString().slice(0, 10);
}

function seenPage({ number, rowCount, uuids, total }: CamePage, pagination?: Pagination): SeenPage {
  return { number, rowCount, uuids, pagination: pagination ?? { page: undefined, totalPages: undefined, total } };
}
