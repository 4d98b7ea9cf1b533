import { z } from 'zod';
import { LINES_MAX } from '../core/kept-lines.js';
import { DECISION_RESULTS, DELIVERY_RESULTS, type Order, type OrderLine, PAUSE_RESULTS } from '../core/order.js';
import { PAUSABLE_KINDS } from '../core/pause.js';
import type { Clock, Json, Store } from '../ports.js';
import { keys } from './keys.js';

/**
 * How a command beside the running program asks it for something: only the owner writes, so the request is left in a slot of the store
 * and the answer is waited for. Slots are few, so that what nobody takes away is bounded.
 */

const SLOTS = Array.from({ length: 16 }, (_, slot) => slot);
/** An owner that looks once in half a second has taken it by then, or hangs. */
const TAKEN_WITHIN_MS = 10_000;
const LOOK_AGAIN_MS = 100;
/** Attempts included. */
const ANSWERED_WITHIN_MS = 600_000;
const OWNED_AGAIN_MS = 5_000;

const textOrNull = z.string().nullable();
const texts = z.array(z.string());
const subject = z.enum(PAUSABLE_KINDS);

/** Every order that there is. One that is not here, of another version, is answered so. */
const orders = {
  redeliver: z.strictObject({
    kind: z.literal('redeliver'),
    ids: texts,
    dead: z.boolean(),
    sparesDiscarded: z.literal(true).exactOptional(),
    sink: textOrNull,
    to: textOrNull,
    sinceMs: z.number().nullable(),
  }),
  announce: z.strictObject({ kind: z.literal('announce'), uuids: texts, sink: textOrNull }),
  release: z.strictObject({ kind: z.literal('release'), source: textOrNull }),
  discard: z.strictObject({ kind: z.literal('discard'), source: textOrNull }),
  pause: z.strictObject({ kind: z.literal('pause'), subject, name: z.string() }),
  resume: z.strictObject({ kind: z.literal('resume'), subject, name: z.string() }),
} satisfies { readonly [Kind in Order['kind']]: z.ZodType<Order & { readonly kind: Kind }> };

const order = z.discriminatedUnion('kind', [
  orders.redeliver,
  orders.announce,
  orders.release,
  orders.discard,
  orders.pause,
  orders.resume,
]);

/** What every version's requests have: enough to answer one whose order is not known. */
const request = z.looseObject({ nonce: z.string(), expiresAtMs: z.number(), order: z.unknown().optional() });

const line = z.union([
  z.strictObject({
    id: z.string(),
    eventId: textOrNull,
    sink: textOrNull,
    result: z.enum(DELIVERY_RESULTS),
    detail: z.string(),
  }),
  z.strictObject({ source: z.string(), sink: z.string(), result: z.enum(DECISION_RESULTS), count: z.number() }),
  z.strictObject({ kind: subject, name: z.string(), result: z.enum(PAUSE_RESULTS), since: textOrNull }),
]);

const answer = z.strictObject({
  nonce: z.string(),
  atMs: z.number(),
  done: z.boolean(),
  error: z.string().nullable(),
  lines: z.array(line),
  more: z.number(),
});

/** Where the answer goes. */
interface Asker {
  readonly slot: number;
  readonly nonce: string;
}

export interface LeftRequest extends Asker {
  readonly order: Order;
}

export interface Answer {
  /** Why it could not be done. */
  readonly error: string | null;
  readonly lines: readonly OrderLine[];
  /** Lines left out. */
  readonly more: number;
}

/** For the owner: the requests that wait. What cannot be read or is too old is taken away, answers that nobody took too. */
export async function takeRequests(store: Store, nowMs: number): Promise<readonly LeftRequest[]> {
  const rows = await store.getMany([...SLOTS.map(keys.request), ...SLOTS.map(keys.answer)]);
  const found = SLOTS.flatMap((slot) => {
    const parsed = request.safeParse(rows.get(keys.request(slot)));
    if (!parsed.success || parsed.data.expiresAtMs <= nowMs) return [];
    return [{ slot, nonce: parsed.data.nonce, order: order.safeParse(parsed.data.order).data }];
  });
  const answers = found.map((one) =>
    one.order === undefined
      ? answerEntry(one, true, UNKNOWN_ORDER, nowMs)
      : answerEntry(one, false, NOTHING_YET, nowMs),
  );
  if (answers.length > 0) await store.setMany(answers);
  const done = [...SLOTS.map(keys.request).filter((key) => rows.has(key)), ...forgottenAnswers(rows, nowMs)];
  if (done.length > 0) await store.deleteMany(done);
  return found.flatMap((one) => (one.order === undefined ? [] : [{ ...one, order: one.order }]));
}

/** Of commands that ended before they read them. */
function forgottenAnswers(rows: ReadonlyMap<string, Json>, nowMs: number): string[] {
  return SLOTS.map(keys.answer).filter((key) => {
    if (!rows.has(key)) return false;
    const parsed = answer.safeParse(rows.get(key));
    return !parsed.success || nowMs - parsed.data.atMs > ANSWERED_WITHIN_MS;
  });
}

export async function answerRequest(store: Store, asker: Asker, answered: Answer, nowMs: number): Promise<void> {
  const { error, lines, more } = answered;
  const kept = { error, lines: lines.slice(0, LINES_MAX), more: more + Math.max(0, lines.length - LINES_MAX) };
  await store.setMany([answerEntry(asker, true, kept, nowMs)]);
}

export interface Asking {
  readonly store: Store;
  readonly clock: Clock;
  /** Whether a program still owns the store. */
  readonly isOwned: () => Promise<boolean>;
}

/** For a command beside the owner: leaves the request and waits for the answer. Throws when none comes. */
export async function askOwner(order: Order, nonce: string, asking: Asking): Promise<Answer> {
  const { store, clock, isOwned } = asking;
  const expiresAtMs = clock.nowMs() + TAKEN_WITHIN_MS;
  const left: Json = { nonce, expiresAtMs, order: { ...order } };
  let slot = await leaveIn(store, left);
  let ownedAskedMs = clock.monotonicMs();
  for (;;) {
    await new Promise<void>((resolve) => clock.after(LOOK_AGAIN_MS, resolve));
    const rows = await store.getMany([keys.request(slot), keys.answer(slot)]);
    const parsed = answer.safeParse(rows.get(keys.answer(slot)));
    const mine = parsed.success && parsed.data.nonce === nonce ? parsed.data : undefined;
    if (mine?.done) {
      await store.deleteMany([keys.answer(slot)]);
      return mine;
    }
    const waits = nonceOf(rows.get(keys.request(slot))) === nonce;
    if (mine === undefined && clock.nowMs() > expiresAtMs) {
      if (waits) await store.deleteMany([keys.request(slot)]);
      throw new Error('the running program did not take the request within 10 s; is it hanging? Its log says more');
    }
    if (clock.nowMs() > expiresAtMs + ANSWERED_WITHIN_MS) {
      throw new Error(
        'the running program took the request but has not answered within 10 min; "deliveries" shows how they stand',
      );
    }
    // Another command took the same slot at the same moment.
    if (mine === undefined && !waits) slot = await leaveIn(store, left);
    if (clock.monotonicMs() - ownedAskedMs < OWNED_AGAIN_MS) continue;
    ownedAskedMs = clock.monotonicMs();
    if (!(await isOwned()))
      throw new Error('the running program ended before it answered; "deliveries" shows how they stand');
  }
}

/** In a slot where no request waits and no answer is waited for. */
async function leaveIn(store: Store, left: Json): Promise<number> {
  const rows = await store.getMany([...SLOTS.map(keys.request), ...SLOTS.map(keys.answer)]);
  const free = SLOTS.find((slot) => !rows.has(keys.request(slot)) && !rows.has(keys.answer(slot)));
  if (free === undefined)
    throw new Error(`${SLOTS.length} other commands wait for the running program; try again in a moment`);
  await store.setMany([[keys.request(free), left]]);
  return free;
}

function nonceOf(row: Json | undefined): unknown {
  return typeof row === 'object' && row !== null && 'nonce' in row ? row.nonce : undefined;
}

const NOTHING_YET: Answer = { error: null, lines: [], more: 0 };
const UNKNOWN_ORDER: Answer = {
  ...NOTHING_YET,
  error: 'it is of another version than this command and does not know what was asked; restart it with this version',
};

function answerEntry(
  { slot, nonce }: Asker,
  done: boolean,
  { error, lines, more }: Answer,
  atMs: number,
): [string, Json] {
  return [keys.answer(slot), { nonce, atMs, done, error, lines: lines.map((one) => ({ ...one })), more }];
}
