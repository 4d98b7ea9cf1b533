import type { Delivery } from '../core/delivery.js';
import type { DeliveryLine } from '../core/order.js';
import type { Redelivery } from './orders.js';

/**
 * What an answer says of it.
 *
 * @param note what is to be said besides of an attempt
 */
export function lineOf({ id, event, sink }: Delivery, redelivery: Redelivery, note?: string): DeliveryLine {
  const line = { id, eventId: event.id, sink };
  if (redelivery.kind === 'refused') return { ...line, result: redelivery.why, detail: REFUSED[redelivery.why] };
  if (redelivery.kind === 'put_off') return { ...line, ...laterOf(redelivery) };
  const { result, detail } = resultOf(redelivery.delivery);
  return { ...line, result, detail: [detail, ...(note === undefined ? [] : [note])].join('; ') };
}

type Later = Redelivery & { readonly kind: 'put_off' };

function laterOf({ why, state: { pausedUntilMs, suspension } }: Later): Pick<DeliveryLine, 'result' | 'detail'> {
  if (why === 'paused') {
    const until = new Date(pausedUntilMs ?? 0).toISOString();
    return { result: 'paused', detail: `the receiver asked for a pause; it goes at ${until}` };
  }
  if (why === 'suspended') {
    const cause = suspension === null ? '' : `: ${suspension.reason}: ${suspension.detail}`;
    return { result: 'pending', detail: `the sink is suspended${cause}; it goes once a trial has succeeded` };
  }
  if (why === 'sink_paused') {
    return { result: 'sink_paused', detail: 'its sink was paused meanwhile; it goes once that is resumed' };
  }
  if (why === 'broken') return { result: 'pending', detail: 'the attempt broke off; the log of the program says why' };
  return { result: 'pending', detail: 'the program is stopping or taking another config; it goes afterwards' };
}

function resultOf(delivery: Delivery): Pick<DeliveryLine, 'result' | 'detail'> {
  const { state, lastError, history, urlWaitSinceMs } = delivery;
  const result = state === 'held' ? 'pending' : state;
  if (urlWaitSinceMs !== null) {
    return {
      result,
      detail:
        'its source gives no fresh URL just now; that is tried again, and after an hour it is sent without recording.url',
    };
  }
  if (lastError !== null) return { result, detail: `${lastError.reason}: ${lastError.detail}${nextOf(delivery)}` };
  return { result, detail: history.at(-1)?.detail ?? '' };
}

/** What failed and is still due waits for its sink, which the failure has suspended. */
function nextOf({ state, nextAttemptAtMs, history }: Delivery): string {
  if (state !== 'pending' || nextAttemptAtMs === null) return '';
  const isPlanned = nextAttemptAtMs > (history.at(-1)?.atMs ?? 0);
  return isPlanned
    ? `; the next attempt is at ${new Date(nextAttemptAtMs).toISOString()}`
    : '; the sink is suspended, and it goes once a trial has succeeded';
}

const REFUSED = {
  unknown: 'no such delivery is stored',
  under_way: 'an attempt is under way just now',
  sink_disabled: 'its sink has enabled: false',
  sink_paused: 'its sink is paused; resume it first',
  sink_removed: 'its sink is not in the config; use --to NAME to move it',
} as const;
