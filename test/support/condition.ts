import { systemClock } from '../../src/system.js';

/** Longer than anything takes on a busy machine. Nothing is measured by it: it ends a wait that is in vain, and says for what. */
const WAIT_MS_MAX = 25_000;

/** What a test waits for, looked at whenever something happens and never by the clock. */
export interface Condition {
  /** Something has happened that may be what is waited for. */
  check(): void;
  /** Resolves as soon as it holds; rejects, with a report of how things stand, when it does not come to. */
  until(what: string, holds: () => boolean): Promise<void>;
}

export function createCondition(report: () => string): Condition {
  const waiting = new Set<() => void>();

  function until(what: string, holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = systemClock.after(WAIT_MS_MAX, () => {
        waiting.delete(look);
        reject(new Error(`waited in vain until ${what}\n${report()}`));
      });
      function look(): void {
        if (!holds()) return;
        waiting.delete(look);
        timer.cancel();
        resolve();
      }
      waiting.add(look);
      look();
    });
  }

  return {
    check: () => {
      for (const look of [...waiting]) look();
    },
    until,
  };
}
