import { describeSink as describeIn, type SinkSuite } from '../../src/testing.js';

export type { Place, SinkSuite } from '../../src/testing.js';

/** What every sink type is held to, whatever it delivers to: the suite that is also `recording-notifier/testing`. */
export function describeSink(suite: SinkSuite): void {
  describeIn(suite, { describe, test });
}
