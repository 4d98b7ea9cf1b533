import { VERSION } from '../version.js';
import type { SourceStanding } from '../views/source-standing.js';
import { type Status, statusOf } from '../views/status.js';
import { type Facts, sourcesOf } from '../views/story-facts.js';
import type { Surroundings } from '../views/surroundings.js';
import { type Closed, closedOf } from '../views/waiting-words.js';
import type { ServerPorts } from './ports.js';

const DEFAULT_CONFIG = 'config/notifier.yaml';

/** What the API and the pages read alike. */

export async function readStatus(ports: ServerPorts): Promise<Status> {
  const { program, lookup, board, storeLabel, startedAtMs, clock } = ports;
  const isUnlisted = ({ name }: { readonly name: string }) => board.source(name)?.lastComplete === undefined;
  const [tallies, held, sinkStates, remembered] = await Promise.all([
    lookup.tallies(),
    lookup.held(),
    lookup.sinkStates(),
    // Once every source has been listed, the lists say it for nothing.
    program.config.sources.some(isUnlisted) ? lookup.remembered() : undefined,
  ]);
  return statusOf({
    config: program.config,
    program: program.status(),
    notReady: program.notReady(),
    ...{ board, tallies, held, sinkStates, remembered, storeLabel, startedAtMs },
    version: VERSION,
    processes: ports.processes?.() ?? [],
    nowMs: clock.nowMs(),
  });
}

/** What a story is told from, beside what the store has of it. */
export async function surroundings(facts: Facts, ports: ServerPorts): Promise<Surroundings> {
  const { program, lookup, startedAtMs, clock } = ports;
  const { file } = program.config;
  const option = file === DEFAULT_CONFIG ? '' : ` --config ${file}`;
  return {
    config: program.config,
    sinkStates: await lookup.sinkStates(),
    pauses: program.status().pauses,
    sources: await standings(sourcesOf(facts, program.config), ports),
    nowMs: clock.nowMs(),
    attemptSinceMs: (id) => program.dispatcher.attemptSinceMs(id),
    ownedSinceMs: startedAtMs,
    call: (command) => `recording-notifier ${command}${option}`,
  };
}

/** What the store has of sources, with what this program knows better: how the last poll went, and when the next one is. */
async function standings(names: readonly string[], { program, lookup, board }: ServerPorts) {
  const stored = await lookup.standings(names);
  const running = new Map(program.status().sources.map((source) => [source.name, source]));
  return new Map(
    [...stored].map(([name, standing]): [string, SourceStanding] => {
      const nextPollAtMs = running.get(name)?.nextPollAtMs ?? undefined;
      const { failingSinceMs, last } = board.source(name) ?? {};
      // As operators are told; a restart forgets nothing of it.
      const sinceMs = failingSinceMs && (running.get(name)?.failing?.sinceMs ?? failingSinceMs);
      if (last === undefined) return [name, { ...standing, nextPollAtMs }];
      // The sentence names the source already.
      const why = (last.reason ?? last.result).replace(`source ${name}: `, '');
      const failing = sinceMs === undefined ? undefined : { sinceMs, why };
      return [name, { ...standing, failing, nextPollAtMs }];
    }),
  );
}

/** Why nobody can redeliver to a sink, as it is now. */
export function closedSinks({ program }: Pick<ServerPorts, 'program'>): (sink: string) => Closed | undefined {
  const { config } = program;
  const { pauses } = program.status();
  return (sink) => closedOf(sink, { config, pauses });
}

/** Names of the sinks that a person keeps still. */
export function pausedSinks({ program }: Pick<ServerPorts, 'program'>): ReadonlySet<string> {
  return new Set(program.status().pauses.flatMap(({ kind, name }) => (kind === 'sink' ? [name] : [])));
}
