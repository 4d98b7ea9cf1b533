import type { SinkConfig } from '../config/config.js';
import { type Attempted, attemptedOf } from '../core/alarm.js';
import { batched, membersOf } from '../core/batch.js';
import type { Delivery, Verdict } from '../core/delivery.js';
import type { Ledger } from '../ports.js';
import type { Parcel } from './backlog.js';
import type { AttemptProgress } from './lane.js';
import { type MakeAttemptPorts, makeAttempt } from './make-attempt.js';
import type { Results } from './results.js';

/** After a mistake of ours: not at once, or it would be made without end. */
const AGAIN_MS = 30_000;
/** After the store could not say what a batch still has. */
const READ_AGAIN_MS = 5_000;

export interface SendPorts extends Omit<MakeAttemptPorts, 'accepted'> {
  readonly ledger: Ledger;
  readonly results: Results;
  /** An attempt of a recording's delivery. */
  readonly note: (sink: string, attempted: Attempted) => void;
  readonly readAgain: () => void;
  readonly isStopping: () => boolean;
}

/**
 * One attempt of what a lane has taken. What goes together for the first time is stored as that before, so that a crash changes nothing
 * about the message.
 *
 * @param stop  aborted when the notifier cannot wait any longer
 * @returns undefined when the store did not take it before the stop, or by a mistake of ours; none when nothing is left of a batch
 */
export async function sendParcel(
  sink: SinkConfig,
  parcel: Parcel,
  trial: boolean,
  { begin, accepted }: AttemptProgress,
  ports: SendPorts,
  stop: AbortSignal,
): Promise<readonly Verdict[] | undefined> {
  try {
    const deliveries = await gather(sink, parcel, ports);
    if (deliveries === undefined) return undefined;
    begin(deliveries);
    const [first, ...others] = deliveries;
    if (first === undefined) return [];
    const verdicts = await makeAttempt(sink, [first, ...others], trial, { ...ports, accepted }, stop);
    for (const [index, delivery] of deliveries.entries()) {
      const verdict = verdicts[index];
      const attempted = verdict && attemptedOf(delivery, verdict);
      if (attempted !== undefined) ports.note(sink.name, attempted);
    }
    return verdicts;
  } catch (error) {
    if (ports.isStopping()) return undefined;
    const [delivery, ...others] = idsOf(parcel);
    const fields = { error, sink: sink.name, delivery, ...(others.length > 0 && { others: others.length }) };
    ports.repeats.failed({
      ...{ subject: `sink ${sink.name}`, kind: 'broke off', level: 'error', fields, fullMax: 5 },
      message: 'an attempt broke off; it is made again',
      sum: { message: 'attempts go on breaking off', fields: { error, sink: sink.name }, counts: 'brokenOff' },
    });
    ports.clock.after(AGAIN_MS, ports.readAgain);
    return undefined;
  }
}

async function gather(
  sink: SinkConfig,
  parcel: Parcel,
  { ledger, results, clock, repeats, readAgain }: SendPorts,
): Promise<readonly Delivery[] | undefined> {
  switch (parcel.kind) {
    case 'single':
      return [parcel.delivery];
    case 'collected': {
      const deliveries = batched(parcel.deliveries, clock.nowMs());
      await results.saveTogether(deliveries);
      return deliveries;
    }
    case 'batch':
      try {
        return membersOf(parcel.batch, await ledger.deliveries(parcel.batch.members));
      } catch (error) {
        const fields = { error, sink: sink.name, deliveries: parcel.batch.members.length };
        repeats.failed({
          ...{ subject: `batches of ${sink.name}`, kind: 'reading', level: 'error', fields, isPassing: true },
          message: 'a batch could not be read; trying again',
          sum: {
            message: 'batches still cannot be read',
            fields: { error, sink: sink.name },
            counts: 'failedReadings',
          },
        });
        clock.after(READ_AGAIN_MS, readAgain);
        return undefined;
      }
  }
}

function idsOf(parcel: Parcel): readonly string[] {
  if (parcel.kind === 'batch') return parcel.batch.members;
  return (parcel.kind === 'single' ? [parcel.delivery] : parcel.deliveries).map(({ id }) => id);
}
