import type { PauseLine, PauseOrder } from '../core/order.js';
import type { PausableKind } from '../core/pause.js';
import type { PauseChange } from './pauses.js';

export interface PausePorts {
  readonly pause: (kind: PausableKind, name: string) => Promise<PauseChange>;
  readonly resume: (kind: PausableKind, name: string) => Promise<PauseChange>;
}

/** Keeps something still, or lets it go on. What is so already is fine. */
export async function* pauseOrResume(order: PauseOrder, ports: PausePorts): AsyncGenerator<PauseLine> {
  yield await changePause(order, ports);
}

export async function changePause(order: PauseOrder, ports: PausePorts): Promise<PauseLine> {
  const { kind, subject, name } = order;
  const { changed, pause } = await ports[kind](subject, name);
  const [done, nothing] =
    kind === 'pause' ? (['paused', 'already_paused'] as const) : (['resumed', 'not_paused'] as const);
  const since = pause === undefined ? null : new Date(pause.sinceMs).toISOString();
  return { kind: subject, name, result: changed ? done : nothing, since };
}
