import { createHash } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { type DeliveriesQuery, LOOKUP_ROWS_MAX } from '../views/lookup.js';
import { waitingOf } from '../views/waiting-words.js';
import { deedRoutes } from './deeds.js';
import { closedSinks, readStatus, surroundings } from './facts.js';
import { refuse } from './guards.js';
import { deliveriesPage, SHOWN_STATES, type ShownState } from './pages/deliveries.js';
import { layout, type Page } from './pages/layout.js';
import { LIVE_SCRIPT } from './pages/live-script.js';
import { OVERVIEW_SKIPS, overview, summaryOf } from './pages/overview.js';
import type { DeedPlace } from './pages/parts.js';
import { recordingsPage } from './pages/recordings.js';
import { storyPage } from './pages/story.js';
import { ICON, STYLE } from './pages/style.js';
import type { ServerPorts } from './ports.js';

const LATEST = 8;
const ROWS = 50;
const SEARCH_LENGTH_MAX = 300;
const LIST_SKIPS = [['#list', 'To the list']] as const;

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

  return new Hono()
    .get('/assets/style.css', (context) => asset(context, STYLE, 'text/css'))
    .get('/assets/live.js', (context) => asset(context, LIVE_SCRIPT, 'text/javascript'))
    .get('/assets/icon.svg', (context) => asset(context, ICON, 'image/svg+xml'))
    .get('/', async (context) => {
      const [status, latest] = await Promise.all([readStatus(ports), lookup.recordings({ offset: 0, limit: LATEST })]);
      const body = overview({ status, latest: latest.items, place: placeOf(context) });
      return show(context, { title: summaryOf(status), at: 'overview', body, skips: OVERVIEW_SKIPS, isLive: true });
    })
    .get('/recordings', async (context) => {
      const query = { source: textOf(context, 'source'), status: textOf(context, 'status'), ...windowOf(context) };
      const found = await lookup.recordings(query);
      const sources = program.config.sources.map(({ name }) => name);
      const body = recordingsPage(found, query, sources);
      return show(context, { title: 'Recordings', at: 'recordings', body, skips: LIST_SKIPS, isLive: true });
    })
    .get('/deliveries', async (context) => {
      const shown = SHOWN_STATES.find((state) => state === context.req.query('state'));
      const query = { ...stateQuery(shown), sink: textOf(context, 'sink'), ...windowOf(context) };
      const [found, sinkStates] = await Promise.all([lookup.deliveries(query), lookup.sinkStates()]);
      const around = { config: program.config, sinkStates, pauses: program.status().pauses, nowMs: clock.nowMs() };
      const sinks = program.config.sinks.map(({ name }) => name);
      const body = deliveriesPage({
        found,
        query,
        shown,
        sinks,
        sinkStates,
        waitingOf: (delivery) => waitingOf(delivery, around),
        place: placeOf(context),
      });
      return show(context, { title: 'Deliveries', at: 'deliveries', body, skips: LIST_SKIPS, isLive: true });
    })
    .get('/story', async (context) => {
      const of = textOf(context, 'of');
      if (of === undefined)
        return refuse(context, 400, 'say of what: /story?of=UUID, an event (evt_…) or a delivery (dlv_…)');
      const facts = await lookup.facts(of);
      const isKnown = facts.recordings.length + facts.operatorEvents.length > 0;
      const body = storyPage(of, facts, await surroundings(facts, ports), placeOf(context));
      return show(context, { title: of, at: 'recordings', body, isLive: true }, isKnown ? 200 : 404);
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

/** What an empty field of a form sends is nothing. */
function textOf({ req }: Context, name: string): string | undefined {
  const text = req.query(name)?.slice(0, SEARCH_LENGTH_MAX);
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
