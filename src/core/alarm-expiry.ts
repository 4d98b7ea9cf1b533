const DAY_MS = 86_400_000;

/** How long before a credential dies an operator hears of it; the last one that is reached counts. */
const WARNINGS = [
  { level: 'day', aheadMs: DAY_MS },
  { level: 'week', aheadMs: 7 * DAY_MS },
] as const;

export type ExpiryLevel = (typeof WARNINGS)[number]['level'];

/** The last warning that was given of a credential. */
export interface ExpiryAlarm {
  /** When it dies: a renewed one dies at another time, and is warned about anew. */
  readonly expiresAtMs: number;
  readonly level: ExpiryLevel;
}

export interface ExpiryNews {
  readonly alarm: ExpiryAlarm;
  /** When the credential came so near to its end; with the name it tells the warnings from each other. */
  readonly sinceMs: number;
}

/** The warning that is due, if one is that was not given yet. @param expiresAtMs null: it does not die, or nobody knows when */
export function expiryNews(
  told: ExpiryAlarm | null,
  expiresAtMs: number | null,
  nowMs: number,
): ExpiryNews | undefined {
  if (expiresAtMs === null) return undefined;
  const warning = WARNINGS.find(({ aheadMs }) => expiresAtMs - nowMs <= aheadMs);
  if (warning === undefined) return undefined;
  const wasTold = told?.expiresAtMs === expiresAtMs && (told.level === warning.level || told.level === 'day');
  if (wasTold) return undefined;
  return { alarm: { expiresAtMs, level: warning.level }, sinceMs: expiresAtMs - warning.aheadMs };
}
