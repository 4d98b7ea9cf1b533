import { matchesGlob } from '../core/routing.js';
import type { Config, SinkConfig } from './config.js';

/** What a valid config may yet have got wrong: sentences for `check` and `run`, none of them a reason not to start. */
export function notices(config: Config): string[] {
  const sourceNames = config.sources.map(({ name }) => name);
  return [
    ...config.sinks.flatMap((sink) => sinkNotices(sink, sourceNames)),
    ...(config.sinks.some(({ enabled }) => enabled) ? [] : ['sinks: none is enabled, so nothing is told to anyone.']),
    ...(config.store.kind === 'memory'
      ? ['store: memory forgets at every stop what was seen and not yet delivered.']
      : []),
  ];
}

function sinkNotices(
  { name, enabled, definition, settings, only }: SinkConfig,
  sourceNames: readonly string[],
): string[] {
  if (!enabled)
    return [`sinks.${name}: is disabled; what waits for it is kept, and new events make no deliveries for it.`];
  const emptyGlobs = (only.sources ?? []).filter((glob) => !sourceNames.some((source) => matchesGlob(glob, source)));
  return [
    ...emptyGlobs.map((glob) => `sinks.${name}.only.sources: "${glob}" matches no source.`),
    ...(definition.notices?.(settings) ?? []).map((notice) => `sinks.${name}: ${notice}`),
  ];
}
