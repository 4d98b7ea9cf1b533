import { createHash } from 'node:crypto';
import { type Context, Hono } from 'hono';
import type { DeliveryId } from '../core/id.js';
import { type DeliveriesQuery, LOOKUP_ROWS_MAX, type Lookup } from '../views/lookup.js';
import type { Facts } from '../views/story-facts.js';
import { waitingOf } from '../views/waiting-words.js';
import { deedRoutes } from './deeds.js';
import { closedSinks, readStatus, surroundings } from './facts.js';
import { refuse } from './guards.js';
import { deliveriesPage, SHOWN_STATES, type ShownState } from './pages/deliveries.js';
import { layout, type Page } from './pages/layout.js';
import { LIVE_SCRIPT } from './pages/live-script.js';
import { didYouMean } from './pages/near.js';
import { OVERVIEW_SKIPS, overview, summaryOf } from './pages/overview.js';
import { type DeedPlace, storyPath } from './pages/parts.js';
import { recordingsPage } from './pages/recordings.js';
import { storyPage } from './pages/story.js';
import { ICON, STYLE } from './pages/style.js';
import type { ServerPorts } from './ports.js';

const LATEST = 8;
const ROWS = 50;
const SEARCH_LENGTH_MAX = 300;
/** Of an event or a delivery. */
const ID = /^(evt|dlv)_/i;
const LIST_SKIPS = [['#list', 'To the list']] as const;

/** What every page of ours needs. */
export function assetRoutes(): Hono {
  return new Hono()
    .get('/assets/style.css', (context) => asset(context, STYLE, 'text/css'))
    .get('/assets/live.js', (context) => asset(context, LIVE_SCRIPT, 'text/javascript'))
    .get('/assets/icon.svg', (context) => asset(context, ICON, 'image/svg+xml'));
}

/** The status page: rendered here, renewed by a small script, usable without it. */
export function pageRoutes(ports: ServerPorts): Hono {
  const { program, lookup, nonce, clock } = ports;
  /** Another one after a restart: a button of a page from before asks to be pressed again. */
  const key = nonce();
  const deeds = deedRoutes({ ...ports, key });

  async function show(context: Context, page: Page, status: 200 | 404 = 200): Promise<Response> {
    const notice = deeds.noticeOf(context.req.query('told'));
    const body = String(await layout({ ...page, notice }));
    const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
    context.header('ETag', etag);
    if (context.req.header('if-none-match') === etag) return context.body(null, 304);
    return context.html(body, status);
  }

  function placeOf(context: Context): DeedPlace {
    const told = context.req.query('told');
    const seen = deeds.noticeOf(told) === undefined ? undefined : told;
    return { key, back: pathAndQuery(context), seen, closedOf: closedSinks(ports) };
  }

  return assetRoutes()
    .get('/', async (context) => {
      const [status, latest] = await Promise.all([readStatus(ports), lookup.recordings({ offset: 0, limit: LATEST })]);
      const body = overview({ status, latest: latest.items, place: placeOf(context) });
      return show(context, { title: summaryOf(status), at: 'overview', body, skips: OVERVIEW_SKIPS, isLive: true });
    })
    .get('/recordings', async (context) => {
      const query = { source: textOf(context, 'source'), status: textOf(context, 'status'), ...windowOf(context) };
      const found = await lookup.recordings(query);
      const sources = program.config.sources.map(({ name }) => name);
      const near = await nearOf(query, found.total, lookup);
      const body = recordingsPage(found, query, sources, near);
      return show(context, { title: 'Recordings', at: 'recordings', body, skips: LIST_SKIPS, isLive: true });
    })
    .get('/deliveries', async (context) => {
      const shown = SHOWN_STATES.find((state) => state === context.req.query('state'));
      const query = { ...stateQuery(shown), sink: textOf(context, 'sink'), ...windowOf(context) };
      const [found, sinkStates] = await Promise.all([lookup.deliveries(query), lookup.sinkStates()]);
      const around = {
        ...{ config: program.config, sinkStates, pauses: program.status().pauses, nowMs: clock.nowMs() },
        attemptSinceMs: (id: DeliveryId) => program.dispatcher.attemptSinceMs(id),
      };
      const sinks = program.config.sinks.map(({ name }) => name);
      const body = deliveriesPage({
        found,
        query,
        shown,
        sinks,
        sinkStates,
        near: await nearOf(query, found.total, lookup),
        waitingOf: (delivery) => waitingOf(delivery, around),
        place: placeOf(context),
      });
      return show(context, { title: 'Deliveries', at: 'deliveries', body, skips: LIST_SKIPS, isLive: true });
    })
    .get('/story', async (context) => {
      if (textOf(context, 'of') === undefined)
        return refuse(context, 400, 'say of what: /story?of=UUID, an event (evt_…) or a delivery (dlv_…)');
      const { of, facts, isKnown } = await lookedUp(context.req.query('of')?.slice(0, SEARCH_LENGTH_MAX) ?? '', lookup);
      const near = isKnown || ID.test(of) ? [] : await lookup.near(of);
      const same = near.filter((uuid) => uuid.toLowerCase() === of.toLowerCase());
      if (same.length === 1 && same[0] !== undefined) return context.redirect(storyPath(same[0]));
      const body = storyPage(of, facts, await surroundings(facts, ports), placeOf(context));
      const page: Page = { title: of, at: 'recordings', body: [...body, didYouMean(near)], isLive: true };
      return show(context, page, isKnown ? 200 : 404);
    })
    .route('/', deeds.routes(show));
}

/** From another version of the program after an upgrade: asked for anew each time, which costs a 304. */
function asset(context: Context, text: string, type: string): Response {
  const etag = `"${createHash('sha256').update(text).digest('base64url')}"`;
  context.header('ETag', etag);
  context.header('Cache-Control', 'no-cache');
  if (context.req.header('if-none-match') === etag) return context.body(null, 304);
  return context.body(text, 200, { 'Content-Type': `${type}; charset=utf-8` });
}

/** As it is, or else as it may have been meant: spaces come from copying, and ids have small letters alone. */
async function lookedUp(given: string, lookup: Lookup) {
  const trimmed = given.trim();
  const meant = ID.test(trimmed) ? trimmed.toLowerCase() : trimmed;
  const facts = await lookup.facts(given);
  if (isSomething(facts) || meant === given) return { of: given, facts, isKnown: isSomething(facts) };
  const other = await lookup.facts(meant);
  return { of: meant, facts: other, isKnown: isSomething(other) };
}

function isSomething({ recordings, operatorEvents }: Facts): boolean {
  return recordings.length + operatorEvents.length > 0;
}

/** For what was searched and is nowhere: a uuid of which a letter is wrong. */
async function nearOf({ search }: { readonly search: string | undefined }, total: number, lookup: Lookup) {
  return total > 0 || search === undefined || ID.test(search) ? [] : lookup.near(search);
}

/** What an empty field of a form sends is nothing, and spaces around it come from copying. */
function textOf({ req }: Context, name: string): string | undefined {
  const text = req.query(name)?.trim().slice(0, SEARCH_LENGTH_MAX);
  return text === undefined || text === '' ? undefined : text;
}

function stateQuery(shown: ShownState | undefined): Pick<DeliveriesQuery, 'state' | 'discarded'> {
  if (shown === 'discarded') return { state: 'dead', discarded: true };
  return shown === 'dead' ? { state: 'dead', discarded: false } : { state: shown };
}

function windowOf(context: Context): {
  readonly search: string | undefined;
  readonly offset: number;
  readonly limit: number;
} {
  const offset = Number(context.req.query('offset') ?? 0);
  const isGood = Number.isSafeInteger(offset) && offset >= 0 && offset <= LOOKUP_ROWS_MAX - ROWS;
  return { search: textOf(context, 'q'), offset: isGood ? offset : 0, limit: ROWS };
}

/** Without what told what was done, which is told once. */
function pathAndQuery({ req }: Context): string {
  const { pathname, searchParams } = new URL(req.url);
  searchParams.delete('told');
  const query = searchParams.toString();
  return query === '' ? pathname : `${pathname}?${query}`;
}
