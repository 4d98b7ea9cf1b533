import { type Context, Hono } from 'hono';
import type { DeliveryResult, Order, OrderLine, PauseResult } from '../core/order.js';
import { isSame, refuse } from './guards.js';
import { isDeliveryId } from './ids.js';
import { confirmPage, type Question } from './pages/confirm.js';
import type { Page } from './pages/layout.js';
import { counted, type Deed } from './pages/parts.js';
import type { ServerPorts } from './ports.js';
import { within } from './within.js';

/** What the buttons do. */

/** So long one waits for what came of it before the page says that it goes on. */
const ANSWER_WITHIN_MS = 5_000;
/** Told once on the page that one comes back to; as many are kept as people press buttons at once. */
const NOTICES_MAX = 100;
/** A press of the same form so soon after what came of the first one is the second of a double press. */
const SAME_PRESS_MS = 2_000;
const PRESSES_MAX = 100;

type Fields = Readonly<Record<string, string>>;

interface Press {
  readonly answer: Promise<string>;
  /** Monotonic; undefined: it is under way. */
  endedAtMs: number | undefined;
}

interface DeedKind {
  /** Fields that it needs. */
  readonly needs: readonly string[];
  /** The one of them that is chosen where it is asked about. */
  readonly chosenLater?: string;
  /** What came of it, in words. */
  readonly act: (fields: Fields) => Promise<string>;
  /** Asked before; undefined: nothing is lost by it. */
  readonly question?: (fields: Fields) => Promise<Omit<Question, 'deed'> & { readonly label: string }>;
}

export interface Deeds {
  noticeOf(id: string | undefined): string | undefined;
  routes(show: (context: Context, page: Page) => Promise<Response>): Hono;
}

export function deedRoutes(ports: ServerPorts & { readonly key: string }): Deeds {
  const { program, lookup, key, nonce, clock } = ports;
  const notices = new Map<string, string>();
  const presses = new Map<string, Press>();

  /** Of two presses of one form the second one joins the first: it does nothing, and has the same answer. */
  function pressed(form: string, act: () => Promise<string>): Promise<string> {
    const known = presses.get(form);
    if (known !== undefined && (known.endedAtMs === undefined || clock.monotonicMs() - known.endedAtMs < SAME_PRESS_MS))
      return known.answer;
    const press: Press = { answer: act(), endedAtMs: undefined };
    presses.delete(form);
    presses.set(form, press);
    for (const oldest of presses.keys().take(Math.max(0, presses.size - PRESSES_MAX))) presses.delete(oldest);
    // What has failed may be pressed again at once.
    press.answer.then(
      () => {
        press.endedAtMs = clock.monotonicMs();
      },
      () => presses.get(form) === press && presses.delete(form),
    );
    return press.answer;
  }

  async function carryOut(order: Order): Promise<string> {
    const lines = await within(Array.fromAsync(program.carryOut(order)), ANSWER_WITHIN_MS, ports);
    return lines === undefined ? 'It takes longer, and goes on.' : wordsOf(lines);
  }

  const redelivery = { kind: 'redeliver', ids: [], dead: false, sink: null, to: null, sinceMs: null } as const;
  const kinds: Readonly<Record<string, DeedKind>> = {
    poll: { needs: ['source'], act: ({ source = '' }) => poll(source) },
    redeliver: {
      needs: ['id'],
      act: async ({ id = '' }) =>
        isDeliveryId(id) ? carryOut({ ...redelivery, ids: [id] }) : `There is no delivery ${id}.`,
    },
    move: {
      needs: ['id', 'to'],
      chosenLater: 'to',
      act: async ({ id = '', to = '' }) => {
        if (!isDeliveryId(id)) return `There is no delivery ${id}.`;
        return carryOut({ ...redelivery, ids: [id], to });
      },
      question: async ({ id = '' }) => ({
        title: 'Deliver it to another sink?',
        words: `The event of ${id} goes to the sink that you choose, whatever its events and only say. Once that is stored, it is not kept for the sink that it was for.`,
        label: 'Deliver',
        choice: { name: 'to', label: 'Sink', value: undefined, options: await othersThan(id) },
      }),
    },
    try: { needs: ['sink'], act: ({ sink = '' }) => tryOne(sink) },
    announce: {
      needs: ['uuid', 'sink'],
      act: ({ uuid = '', sink = '' }) => carryOut({ kind: 'announce', uuids: [uuid], sink }),
    },
    'redeliver-dead': {
      needs: ['sink'],
      act: ({ sink = '' }) => carryOut({ ...redelivery, dead: true, sparesDiscarded: true, sink }),
      question: async ({ sink = '' }) => ({
        title: `Deliver again what was given up for ${sink}?`,
        words: `${await givenUpWords(sink)} Each gets one attempt at once, then a new schedule of retries. A receiver that has some of them already knows them by their ids.`,
        label: 'Deliver all again',
      }),
    },
    ...Object.fromEntries(
      (['pause', 'resume'] as const).flatMap((kind) =>
        (['sink', 'source'] as const).map((subject) => [
          `${kind}-${subject}`,
          {
            needs: [subject],
            act: async (fields: Fields) => pauseOrResume(kind, subject, fields[subject] ?? ''),
          },
        ]),
      ),
    ),
    release: {
      needs: ['source'],
      act: ({ source = '' }) => carryOut({ kind: 'release', source }),
      question: async ({ source = '' }) => ({
        title: `Release what is held of ${source}?`,
        words: `${await heldWords(source)} Every sink gets its deliveries now, at its rate. That cannot be taken back.`,
        label: 'Release',
      }),
    },
    discard: {
      needs: ['source'],
      act: ({ source = '' }) => carryOut({ kind: 'discard', source }),
      question: async ({ source = '' }) => ({
        title: `Discard what is held of ${source}?`,
        words: `${await heldWords(source)} They are given up: nobody is told. They are kept as discarded for a while, and can be delivered again by hand.`,
        label: 'Discard',
      }),
    },
  };

  /** Sinks that are enabled, without the one that it is for. */
  async function othersThan(id: string): Promise<readonly string[]> {
    const { items } = await lookup.deliveries({ search: id, offset: 0, limit: 1 });
    const own = items.find((delivery) => delivery.id === id)?.sink;
    return program.config.sinks.filter(({ enabled, name }) => enabled && name !== own).map(({ name }) => name);
  }

  async function heldWords(source: string): Promise<string> {
    const count = (await lookup.held()).get(source) ?? 0;
    return `${counted(count, 'delivery is', 'deliveries are')} held.`;
  }

  async function givenUpWords(sink: string): Promise<string> {
    const { dead, discarded } = (await lookup.tallies()).get(sink) ?? { dead: 0, discarded: 0 };
    return `${counted(dead - discarded, 'delivery was', 'deliveries were')} given up.`;
  }

  /** For a sink that is suspended: if this one arrives, the rest follows. */
  async function tryOne(sink: string): Promise<string> {
    const { items } = await lookup.deliveries({ sink, state: 'pending', offset: 0, limit: 1 });
    const [delivery] = items;
    return delivery === undefined ? 'Nothing waits any more.' : carryOut({ ...redelivery, ids: [delivery.id] });
  }

  async function pauseOrResume(kind: 'pause' | 'resume', subject: 'sink' | 'source', name: string): Promise<string> {
    const { sinks, sources } = program.config;
    const isKnown = (subject === 'sink' ? sinks : sources).some((each) => each.name === name);
    const isPaused = program.status().pauses.some((pause) => pause.kind === subject && pause.name === name);
    return isKnown || isPaused ? carryOut({ kind, subject, name }) : `The config has no ${subject} ${name}.`;
  }

  async function poll(source: string): Promise<string> {
    const isPaused = program.status().pauses.some(({ kind, name }) => kind === 'source' && name === source);
    if (isPaused) return `The source ${source} is paused; resume it first.`;
    const polling = program.pollNow(source);
    if (polling === undefined) return `The config has no source ${source}.`;
    const report = await within(polling, ANSWER_WITHIN_MS, ports);
    if (report === undefined) return `The poll of ${source} takes longer, and goes on.`;
    const { result, reason, listed, events } = report;
    if (result !== 'complete')
      return `The poll of ${source} ${result === 'failed' ? 'has failed' : 'is incomplete'}: ${reason ?? 'the log says why'}`;
    return `The poll of ${source} is complete: ${counted(listed, 'recording')}, ${counted(events, 'new event')}.`;
  }

  /** The deed with its fields, or what is wrong. */
  function read(
    given: Readonly<Record<string, unknown>>,
    isAsking = false,
  ): { kind: DeedKind; name: string; fields: Fields } | string {
    const name = String(given['do'] ?? '');
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) return 'there is nothing of this name that could be done';
    const fields = Object.fromEntries(kind.needs.map((need) => [need, String(given[need] ?? '')]));
    const missing = kind.needs.find((need) => fields[need] === '' && !(isAsking && need === kind.chosenLater));
    return missing === undefined ? { kind, name, fields } : `${missing} is missing`;
  }

  function remember(text: string): string {
    const id = nonce();
    notices.set(id, text);
    for (const oldest of notices.keys().take(Math.max(0, notices.size - NOTICES_MAX))) notices.delete(oldest);
    return id;
  }

  /** @param hasScript it brings the focus back to where it was; without one, it goes to what is told */
  function backTo(context: Context, back: string, notice: string, hasScript = false): Response {
    const url = new URL(back, 'http://here/');
    url.searchParams.set('told', remember(notice));
    return context.redirect(`${localPath(`${url.pathname}${url.search}`)}${hasScript ? '' : '#told'}`, 303);
  }

  return {
    noticeOf: (id) => (id === undefined ? undefined : notices.get(id)),
    routes: (show) =>
      new Hono()
        .get('/confirm', async (context) => {
          const found = read(context.req.query(), true);
          if (typeof found === 'string') return refuse(context, 400, found);
          const { kind, name, fields } = found;
          const question = await kind.question?.(fields);
          if (question === undefined) return refuse(context, 400, `${name} needs no confirmation`);
          const given = Object.entries(fields).filter(([field]) => field !== kind.chosenLater);
          const deed: Deed = { do: name, fields: Object.fromEntries(given), label: question.label };
          const { back, seen } = context.req.query();
          const place = { key, back: localPath(back), seen };
          return show(context, { title: question.title, body: confirmPage({ ...question, deed }, place) });
        })
        .post('/act', async (context) => {
          const form = await context.req.parseBody().catch(() => undefined);
          if (form === undefined) return refuse(context, 400, 'the form cannot be read');
          const back = localPath(form['back']);
          const given = form['key'];
          if (typeof given !== 'string' || !isSame(given, key))
            return backTo(
              context,
              back,
              'The page was from before the notifier was restarted. Press the button again.',
            );
          const found = read(form);
          if (typeof found === 'string') return refuse(context, 400, found);
          const { kind, name, fields } = found;
          const pressId = JSON.stringify([name, fields, back, form['seen']]);
          return backTo(context, back, await pressed(pressId, () => kind.act(fields)), form['script'] !== undefined);
        }),
  };
}

/** A place of this server, and none that only looks like one: `//host` and `/\host` are others to a browser. */
function localPath(back: unknown): string {
  if (typeof back !== 'string' || !back.startsWith('/')) return '/';
  const url = URL.parse(back, 'http://here/');
  const path = url?.host === 'here' ? `${url.pathname}${url.search}` : '/';
  return /^\/(?![/\\])/.test(path) ? path : '/';
}

const PAUSE_RESULTS: Readonly<Record<PauseResult, string>> = {
  paused: 'is paused now',
  already_paused: 'was paused already',
  resumed: 'goes on now',
  not_paused: 'was not paused',
};

const RESULTS: Readonly<Record<string, string>> = {
  delivered: 'delivered',
  pending: 'not delivered yet, to be tried again',
  dead: 'given up',
  paused: 'not tried: the sink is paused',
  unknown: 'there is no such delivery',
  under_way: 'it is under way already',
  sink_disabled: 'not tried: the sink is disabled',
  sink_removed: 'not tried: the config has no such sink',
  sink_paused: 'not tried: somebody paused the sink; resume it first',
  not_available: 'the recording is not available',
  unwanted: 'the sink does not want it',
};

/** Of these, the detail is the same in other words. */
const SAYS_ALL: readonly DeliveryResult[] = ['unknown', 'under_way', 'sink_disabled', 'sink_removed', 'sink_paused'];

function wordsOf(lines: readonly OrderLine[]): string {
  if (lines.length === 0) return 'There was nothing to do.';
  const [first] = lines;
  if (first !== undefined && 'since' in first) return `${first.name} ${PAUSE_RESULTS[first.result]}.`;
  if (lines.length === 1 && first !== undefined && !('count' in first)) {
    const { sink, result, detail } = first;
    const where = sink === null ? '' : `${sink}: `;
    const more = detail === '' || SAYS_ALL.includes(result) ? '' : ` (${detail})`;
    return `${where}${RESULTS[result] ?? result}${more}.`;
  }
  const counts = new Map<string, number>();
  for (const line of lines) {
    const result = 'count' in line ? line.result : (RESULTS[line.result] ?? line.result);
    counts.set(result, (counts.get(result) ?? 0) + ('count' in line ? line.count : 1));
  }
  return `${[...counts].map(([result, count]) => `${count} ${result}`).join(', ')}.`;
}
