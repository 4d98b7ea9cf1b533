import type { PollTrouble } from '../core/alarm.js';
import { SourceError } from '../source/define.js';
import type { PollReport } from './poll-report.js';

const REFUSALS: readonly string[] = ['unauthorized', 'not_found', 'gone'];

/** Why a poll was not complete; null when it was. */
export function troubleOf({ source, result, reason = '', isEmptyInDoubt, error }: PollReport): PollTrouble | null {
  if (result === 'complete') return null;
  // The event names it already.
  const prefix = `source ${source}: `;
  const message = reason.startsWith(prefix) ? reason.slice(prefix.length) : reason;
  if (result === 'incomplete') {
    return { reason: isEmptyInDoubt ? 'list_empty' : 'incomplete', message, isRefusal: false };
  }
  if (error instanceof SourceError) {
    // Of what is cut off, only a poll that takes too long is a trouble.
    const kind = error.kind === 'aborted' ? 'timeout' : error.kind;
    return { reason: kind, message, isRefusal: REFUSALS.includes(kind) };
  }
  if (error instanceof Error && error.name === 'StoreError') {
    return { reason: 'store_failed', message: `the store of the notifier failed: ${message}`, isRefusal: false };
  }
  return { reason: 'unexpected', message: 'a mistake of the notifier; its log has the stack', isRefusal: false };
}
