import { describeSource as describeIn, type SourceSuite } from '../../src/testing.js';

/** What every source type is held to, whatever it polls: the suite that is also `recording-notifier/testing`. */
export function describeSource(suite: SourceSuite): void {
  describeIn(suite, { describe, test });
}
