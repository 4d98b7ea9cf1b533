import type { Member } from '../queue/roll.js';

/** A process that shares the attempts, as the pages, the API and `doctor` show it. */
export interface ProcessView {
  readonly host: string;
  readonly pid: number;
  readonly role: Member['role'];
  readonly since: string;
  /** false: it has another config or version, and makes no attempts for the others. */
  readonly takesPart: boolean;
}

/** The leader first. @param fingerprint of those that take part */
export function processViews(members: readonly Member[], fingerprint: string): readonly ProcessView[] {
  return members
    .map(({ host, pid, role, sinceMs, fingerprint: own }) => ({
      ...{ host, pid, role, since: new Date(sinceMs).toISOString() },
      takesPart: own === fingerprint,
    }))
    .toSorted((one, other) => one.role.localeCompare(other.role) || one.since.localeCompare(other.since));
}

export function processName({ host, pid }: Pick<ProcessView, 'host' | 'pid'>): string {
  return `process ${pid} on ${host}`;
}

/** What it does, in a sentence. */
export function processWords({ role, takesPart }: ProcessView): string {
  if (!takesPart) return 'It has another config or version, and takes no part: restart or reload it.';
  return role === 'leader' ? 'It leads: polls, decides, and makes attempts.' : 'It makes attempts, and stands by.';
}
