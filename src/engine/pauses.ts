import type { Pausable, Pause } from '../core/pause.js';
import type { Clock, Ledger } from '../ports.js';

/** What came of a wish. */
export interface PauseChange {
  /** False: it was so already. */
  readonly changed: boolean;
  /** The pause that holds, or has just ended; undefined where there was none. */
  readonly pause: Pause | undefined;
}

/** What a person has paused, remembered also of what the config does not have any more. Whoever starts something asks here. */
export class Pauses {
  readonly #ports: { readonly ledger: Ledger; readonly clock: Clock };
  #pauses = new Map<string, Pause>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(ports: { readonly ledger: Ledger; readonly clock: Clock }) {
    this.#ports = ports;
  }

  /** What the store says. */
  async load(): Promise<void> {
    this.#pauses = new Map((await this.#ports.ledger.pauses()).map((pause) => [keyOf(pause), pause]));
  }

  get all(): readonly Pause[] {
    return [...this.#pauses.values()];
  }

  /** Undefined: it is not paused. */
  sinceMs(of: Pausable): number | undefined {
    return this.#pauses.get(keyOf(of))?.sinceMs;
  }

  has(of: Pausable): boolean {
    return this.#pauses.has(keyOf(of));
  }

  /** Stored before it holds. Throws when it could not be. */
  pause(of: Pausable): Promise<PauseChange> {
    return this.#inTurn(async () => {
      const before = this.#pauses.get(keyOf(of));
      const pause = before ?? { ...of, sinceMs: this.#ports.clock.nowMs() };
      // Also when it is known already: an earlier end of it that seemed to fail may have been stored.
      await this.#ports.ledger.storePause(pause);
      this.#pauses.set(keyOf(pause), pause);
      return { changed: before === undefined, pause };
    });
  }

  /** Forgotten by the store before it ends. Throws when that failed. */
  resume(of: Pausable): Promise<PauseChange> {
    return this.#inTurn(async () => {
      const pause = this.#pauses.get(keyOf(of));
      await this.#ports.ledger.forgetPause(of);
      this.#pauses.delete(keyOf(of));
      return { changed: pause !== undefined, pause };
    });
  }

  /** One after the other, or the store and we could end up with different ones. */
  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

function keyOf({ kind, name }: Pausable): string {
  return `${kind}/${name}`;
}
