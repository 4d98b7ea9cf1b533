import type { SourceConfig } from '../config/config.js';
import type { Source } from '../source/define.js';

/** A configured source at work: what its poller and the fetches of its URLs have to know of each other. */
export interface PolledSource {
  readonly config: SourceConfig;
  readonly source: Source;
  /** The platform asked to be left alone, or a fetch failed: no request for a URL before this time. */
  askAgainAtMs: number;
  /** Fetches of URLs that failed in a row. */
  urlFailures: number;
}
