import type { Ledger } from '../ports.js';
import type { PolledSource } from './polled-source.js';

/** At the end of a process: when the whole list was walked last, which no poll has stored unless it had something else to store. */
export async function saveFullWalk({ config, source, walks }: PolledSource, ledger: Ledger): Promise<void> {
  if (walks.fullAtMs === 0) return;
  const mark = await ledger.walkMark(config.name);
  if (mark === undefined || mark.scope !== source.scope || mark.fullAtMs >= walks.fullAtMs) return;
  await ledger.markWalk(config.name, { ...mark, fullAtMs: walks.fullAtMs });
}
