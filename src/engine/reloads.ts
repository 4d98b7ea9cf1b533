import type { Clock } from '../ports.js';
import type { ConfigStatus, RefusedReload } from './program-status.js';

/** Of one reload; the log has all of them. */
const PROBLEMS_MAX = 5;
const PROBLEM_CHARACTERS_MAX = 500;

/** Which config is in use, and what became of the last wish to change it. */
export class Reloads {
  readonly #clock: Pick<Clock, 'nowMs'>;
  #loadedAtMs: number;
  #refused: RefusedReload | null = null;

  /** The first config is read by now. */
  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock;
    this.#loadedAtMs = clock.nowMs();
  }

  get status(): ConfigStatus {
    return { loadedAtMs: this.#loadedAtMs, refused: this.#refused };
  }

  noteLoaded(): void {
    this.#loadedAtMs = this.#clock.nowMs();
    this.#refused = null;
  }

  /** @param problems as they are logged: without secrets. Undefined: the config is valid, and could not be put in place */
  noteRefused(problems?: readonly string[]): void {
    this.#refused = {
      atMs: this.#clock.nowMs(),
      kind: problems === undefined ? 'failed' : 'mistakes',
      count: problems?.length ?? 0,
      problems: (problems ?? []).slice(0, PROBLEMS_MAX).map((problem) => problem.slice(0, PROBLEM_CHARACTERS_MAX)),
    };
  }
}
