import { z } from 'zod';
import type { RedeliverLine, RedeliverOrder } from '../core/redelivery.js';
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
/** Lines in an answer; the rest is counted. */
const LINES_MAX = 1_000;

const order = z.strictObject({
  ids: z.array(z.string()),
  dead: z.boolean(),
  sink: z.string().nullable(),
  to: z.string().nullable(),
  sinceMs: z.number().nullable(),
});

const request = z.strictObject({ nonce: z.string(), expiresAtMs: z.number(), redeliver: order });

const line = z.strictObject({
  id: z.string(),
  eventId: z.string().nullable(),
  sink: z.string().nullable(),
  result: z.enum(['delivered', 'pending', 'dead', 'paused', 'unknown', 'under_way', 'sink_disabled', 'sink_removed']),
  detail: z.string(),
});

const answer = z.strictObject({
  nonce: z.string(),
  atMs: z.number(),
  done: z.boolean(),
  error: z.string().nullable(),
  lines: z.array(line),
  more: z.number(),
});

export interface LeftRequest {
  readonly slot: number;
  readonly nonce: string;
  readonly redeliver: RedeliverOrder;
}

export interface Answer {
  /** Why it could not be done. */
  readonly error: string | null;
  readonly lines: readonly RedeliverLine[];
  /** Lines left out. */
  readonly more: number;
}

/** For the owner: the requests that wait. What cannot be read or is too old is taken away, answers that nobody took too. */
export async function takeRequests(store: Store, nowMs: number): Promise<readonly LeftRequest[]> {
  const rows = await store.getMany([...SLOTS.map(keys.request), ...SLOTS.map(keys.answer)]);
  const left = SLOTS.flatMap((slot) => {
    const parsed = request.safeParse(rows.get(keys.request(slot)));
    return parsed.success && parsed.data.expiresAtMs > nowMs ? [{ slot, ...parsed.data }] : [];
  });
  if (left.length > 0) await store.setMany(left.map((one) => answerEntry(one, false, NOTHING_YET, nowMs)));
  const done = [...SLOTS.map(keys.request).filter((key) => rows.has(key)), ...forgottenAnswers(rows, nowMs)];
  if (done.length > 0) await store.deleteMany(done);
  return left;
}

/** Of commands that ended before they read them. */
function forgottenAnswers(rows: ReadonlyMap<string, Json>, nowMs: number): string[] {
  return SLOTS.map(keys.answer).filter((key) => {
    if (!rows.has(key)) return false;
    const parsed = answer.safeParse(rows.get(key));
    return !parsed.success || nowMs - parsed.data.atMs > ANSWERED_WITHIN_MS;
  });
}

export async function answerRequest(
  store: Store,
  request: LeftRequest,
  answered: Answer,
  nowMs: number,
): Promise<void> {
  const { error, lines, more } = answered;
  const kept = { error, lines: lines.slice(0, LINES_MAX), more: more + Math.max(0, lines.length - LINES_MAX) };
  await store.setMany([answerEntry(request, true, kept, nowMs)]);
}

export interface Asking {
  readonly store: Store;
  readonly clock: Clock;
  /** Whether a program still owns the store. */
  readonly isOwned: () => Promise<boolean>;
}

/** For a command beside the owner: leaves the request and waits for the answer. Throws when none comes. */
export async function askOwner(redeliver: RedeliverOrder, nonce: string, asking: Asking): Promise<Answer> {
  const { store, clock, isOwned } = asking;
  const expiresAtMs = clock.nowMs() + TAKEN_WITHIN_MS;
  const left: Json = { nonce, expiresAtMs, redeliver: { ...redeliver, ids: [...redeliver.ids] } };
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

function answerEntry(
  { slot, nonce }: LeftRequest,
  done: boolean,
  { error, lines, more }: Answer,
  atMs: number,
): [string, Json] {
  return [keys.answer(slot), { nonce, atMs, done, error, lines: lines.map((one) => ({ ...one })), more }];
}
