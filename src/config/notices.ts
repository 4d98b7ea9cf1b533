import { RECORDING_EVENT_TYPES } from '../core/event.js';
import { OPERATOR_EVENT_TYPES } from '../core/operator-event.js';
import { matchesGlob } from '../core/routing.js';
import type { Config, SinkConfig } from './config.js';
import { listed } from './words.js';

/** Of a token that nobody guesses. */
const TOKEN_LENGTH_MIN = 16;

/** What a valid config may yet have got wrong: sentences for `check` and `run`, none of them a reason not to start. */
export function notices(config: Config, nowMs: number): string[] {
  const sourceNames = config.sources.map(({ name }) => name);
  return [
    ...config.sinks.flatMap((sink) => sinkNotices(sink, sourceNames, nowMs)),
    ...(config.queue === undefined ? [] : config.sinks.flatMap(placeNotices)),
    ...(config.sinks.some(({ enabled }) => enabled)
      ? unheard(config.sinks)
      : ['sinks: none is enabled, so nothing is told to anyone.']),
    ...(config.server.token !== undefined && config.server.token.length < TOKEN_LENGTH_MIN
      ? ['server.token: is short enough to be guessed; `openssl rand -hex 24` makes a better one.']
      : []),
    ...(config.store.kind === 'memory'
      ? ['store: memory forgets at every stop what was seen and not yet delivered.']
      : []),
  ];
}

/** With many processes, what is written on one machine. */
function placeNotices({ name, enabled, definition, settings }: SinkConfig): string[] {
  if (!enabled || definition.writesTo?.(settings) === undefined) return [];
  return definition.costs === 'little'
    ? [`sinks.${name}: with a queue, the process that leads writes it, on its own machine.`]
    : [`sinks.${name}: with a queue, any process writes to the folder, so all of them need the same one.`];
}

/** Trouble of the notifier's own that no sink hears of. */
function unheard(sinks: readonly SinkConfig[]): string[] {
  const heard = new Set<string>(sinks.flatMap(({ enabled, events }) => (enabled ? events : [])));
  const types = Object.keys(OPERATOR_EVENT_TYPES).filter((type) => !heard.has(type));
  if (types.length === 0) return [];
  return [`sinks: none gets ${listed(types)}: the log alone tells of these. Add them to the events of a sink.`];
}

function sinkNotices(
  { name, enabled, definition, settings, only, digest, events }: SinkConfig,
  sourceNames: readonly string[],
  nowMs: number,
): string[] {
  if (!enabled)
    return [`sinks.${name}: is disabled; what waits for it is kept, and new events make no deliveries for it.`];
  const emptyGlobs = (only.sources ?? []).filter((glob) => !sourceNames.some((source) => matchesGlob(glob, source)));
  return [
    ...(digest !== undefined && !events.some((type) => type in RECORDING_EVENT_TYPES)
      ? [`sinks.${name}.digest: collects events of recordings, and the sink gets none.`]
      : []),
    ...(digest !== undefined && (definition.templates?.(settings) ?? []).length > 0
      ? [`sinks.${name}.template: is for messages of one event; a digest is in our own words.`]
      : []),
    ...emptyGlobs.map((glob) => `sinks.${name}.only.sources: "${glob}" matches no source.`),
    ...(definition.notices?.(settings, nowMs) ?? []).map((notice) => `sinks.${name}: ${notice}`),
  ];
}
