import { VERSION } from '../version.js';
import { type Status, statusOf } from '../views/status.js';
import type { Surroundings } from '../views/surroundings.js';
import type { ServerPorts } from './ports.js';

const DEFAULT_CONFIG = 'config/notifier.yaml';

/** What the API and the pages read alike. */

export async function readStatus(ports: ServerPorts): Promise<Status> {
  const { program, lookup, board, storeLabel, startedAtMs, clock } = ports;
  const [tallies, sinkStates] = await Promise.all([lookup.tallies(), lookup.sinkStates()]);
  return statusOf({
    config: program.config,
    program: program.status(),
    notReady: program.notReady(),
    ...{ board, tallies, sinkStates, storeLabel, startedAtMs },
    version: VERSION,
    nowMs: clock.nowMs(),
  });
}

/** What the story of a recording is told from, beside what the store has of it. */
export async function surroundings({ program, lookup, startedAtMs, clock }: ServerPorts): Promise<Surroundings> {
  const { file } = program.config;
  const option = file === DEFAULT_CONFIG ? '' : ` --config ${file}`;
  return {
    config: program.config,
    sinkStates: await lookup.sinkStates(),
    pauses: program.status().pauses,
    nowMs: clock.nowMs(),
    ownedSinceMs: startedAtMs,
    call: (command) => `recording-notifier ${command}${option}`,
  };
}

/** Names of the sinks that a person keeps still. */
export function pausedSinks({ program }: Pick<ServerPorts, 'program'>): ReadonlySet<string> {
  return new Set(program.status().pauses.flatMap(({ kind, name }) => (kind === 'sink' ? [name] : [])));
}
