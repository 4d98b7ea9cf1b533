import type { SourceConfig } from '../config/config.js';
import type { Random } from '../ports.js';
import type { Source, SourceContext } from '../source/define.js';
import { newWalkMemory, type WalkMemory } from './walk-memory.js';

/** A configured source at work: what its poller and the fetches of its URLs have to know of each other. */
export interface PolledSource {
  readonly config: SourceConfig;
  readonly source: Source;
  /** The platform asked to be left alone until then: no poll by schedule, and no request for a URL. */
  silentUntilMs: number;
  /** A fetch of a URL failed: none before this time. */
  askAgainAtMs: number;
  /** Fetches of URLs that failed in a row. */
  urlFailures: number;
  readonly walks: WalkMemory;
}

export function openPolledSource(
  config: SourceConfig,
  ports: Omit<SourceContext<unknown>, 'name' | 'settings' | 'keyNames'>,
): PolledSource {
  const { name, settings, keyNames, definition } = config;
  return newPolledSource(config, definition.open({ name, settings, keyNames, ...ports }), ports.random);
}

export function newPolledSource(config: SourceConfig, source: Source, random: Random): PolledSource {
  return { config, source, silentUntilMs: 0, askAgainAtMs: 0, urlFailures: 0, walks: newWalkMemory(random) };
}
