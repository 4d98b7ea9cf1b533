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

/** For the owner: the requests that wait. What cannot be read or is too old is taken away. */
export async function takeRequests(store: Store, nowMs: number): Promise<readonly LeftRequest[]> {
  const rows = await store.getMany(SLOTS.map(keys.request));
  const left = SLOTS.flatMap((slot) => {
    const parsed = request.safeParse(rows.get(keys.request(slot)));
    return parsed.success && parsed.data.expiresAtMs > nowMs ? [{ slot, ...parsed.data }] : [];
  });
  if (rows.size > 0) {
    await store.setMany(
      left.map(({ slot, nonce }) => answerEntry(slot, nonce, false, { error: null, lines: [], more: 0 })),
    );
    await store.deleteMany([...rows.keys()]);
  }
  return left;
}

export async function answerRequest(
  store: Store,
  { slot, nonce }: LeftRequest,
  { error, lines, more }: Answer,
): Promise<void> {
  const kept = { error, lines: lines.slice(0, LINES_MAX), more: more + Math.max(0, lines.length - LINES_MAX) };
  await store.setMany([answerEntry(slot, nonce, true, kept)]);
}

/** For a command beside the owner: leaves the request and waits for the answer. Throws when nobody takes it. */
export async function askOwner(store: Store, redeliver: RedeliverOrder, nonce: string, clock: Clock): Promise<Answer> {
  const rows = await store.getMany(SLOTS.map(keys.request));
  const slot = SLOTS.find((free) => !rows.has(keys.request(free))) ?? 0;
  const expiresAtMs = clock.nowMs() + TAKEN_WITHIN_MS;
  await store.setMany([
    [keys.request(slot), { nonce, expiresAtMs, redeliver: { ...redeliver, ids: [...redeliver.ids] } }],
  ]);
  for (;;) {
    await new Promise<void>((resolve) => clock.after(LOOK_AGAIN_MS, resolve));
    const key = keys.answer(slot);
    const parsed = answer.safeParse((await store.getMany([key])).get(key));
    const mine = parsed.success && parsed.data.nonce === nonce ? parsed.data : undefined;
    if (mine?.done) return mine;
    if (clock.nowMs() > expiresAtMs + ANSWERED_WITHIN_MS) {
      throw new Error(
        'the running program took the request but has not answered within 10 min; "deliveries" shows how they stand',
      );
    }
    if (mine === undefined && clock.nowMs() > expiresAtMs) {
      await store.deleteMany([keys.request(slot)]);
      throw new Error('the running program did not take the request within 10 s; is it hanging? Its log says more');
    }
  }
}

function answerEntry(slot: number, nonce: string, done: boolean, { error, lines, more }: Answer): [string, Json] {
  return [keys.answer(slot), { nonce, done, error, lines: lines.map((one) => ({ ...one })), more }];
}
