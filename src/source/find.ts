import type { RecordingUuid } from '../core/id.js';
import type { Recording } from '../core/recording.js';
import { type Page, SourceError, type WalkEnd } from './define.js';

/** The row of a recording where a walk meets it; undefined when the list came to its end without. Throws a {@link SourceError}. */
export async function findInWalk(
  name: string,
  uuid: RecordingUuid,
  walk: AsyncGenerator<Page, WalkEnd, void>,
  passing?: (recordings: readonly Recording[]) => void,
): Promise<Recording | undefined> {
  let step = await walk.next();
  while (!step.done) {
    passing?.(step.value.recordings);
    const found = step.value.recordings.find((recording) => recording.uuid === uuid);
    if (found !== undefined) {
      await walk.return({ complete: false, pages: 0, reason: 'what was looked for is found' });
      return found;
    }
    step = await walk.next();
  }
  if (step.value.complete) return undefined;
  throw new SourceError('bad_answer', `source ${name}: the list cannot be read to its end: ${step.value.reason}`);
}
