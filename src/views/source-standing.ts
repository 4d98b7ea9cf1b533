import type { Ledger } from '../ports.js';

/** How a source stands, as far as that is known. */
export interface SourceStanding {
  /** Its first poll is over. */
  readonly isFirstPollOver: boolean;
  /** Its polls are not complete; undefined: the last one was, or there was none. */
  readonly failing: { readonly sinceMs: number; readonly why: string } | undefined;
  /** Wall clock; undefined where no program says so. */
  readonly nextPollAtMs?: number | undefined;
}

/** As the store has it. Of a failing source the words may be those of an earlier poll of the series. */
export async function storedStandings(
  names: readonly string[],
  ledger: Pick<Ledger, 'alarms' | 'sourceMark'>,
): Promise<ReadonlyMap<string, SourceStanding>> {
  const failing = new Map<string, SourceStanding['failing']>();
  for (const { kind, name, alarm } of await ledger.alarms()) {
    if (kind !== 'source' || alarm === null || alarm.endedAtMs !== null) continue;
    failing.set(name, { sinceMs: alarm.sinceMs, why: `${alarm.reason}: ${alarm.message}` });
  }
  const standings = names.map(async (name) => {
    const isFirstPollOver = (await ledger.sourceMark(name)) !== undefined;
    return [name, { isFirstPollOver, failing: failing.get(name) }] as const;
  });
  return new Map(await Promise.all(standings));
}
