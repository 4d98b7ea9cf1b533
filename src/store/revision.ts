import type { Delivery } from '../core/delivery.js';
import type { Ledger } from '../ports.js';

type SaveRest = Parameters<Ledger['save']> extends [unknown, ...infer Rest] ? Rest : never;

/** A ledger that says whether anything may have changed since one looked last. */
export interface CountedLedger extends Ledger {
  /** Grows by every write that was begun or has ended, failed ones included: what a failed write has done is not known. */
  readonly revision: number;
}

/** @param onSaved called with the deliveries of a write that has been done */
export function countWrites(
  ledger: Ledger,
  onSaved: (deliveries: readonly Delivery[]) => void = () => undefined,
): CountedLedger {
  let revision = 0;

  function counting<Args extends readonly unknown[]>(write: (...args: Args) => Promise<void>) {
    return async (...args: Args): Promise<void> => {
      revision += 1;
      try {
        await write(...args);
      } finally {
        revision += 1;
      }
    };
  }

  return {
    ...ledger,
    markSource: counting(ledger.markSource),
    markWalk: counting(ledger.markWalk),
    commit: counting(ledger.commit),
    save: counting(async (deliveries, ...rest: SaveRest) => {
      await ledger.save(deliveries, ...rest);
      onSaved(deliveries);
    }),
    forget: counting(ledger.forget),
    remove: counting(ledger.remove),
    storePause: counting(ledger.storePause),
    forgetPause: counting(ledger.forgetPause),
    get revision() {
      return revision;
    },
  };
}
