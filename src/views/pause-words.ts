import type { Config } from '../config/config.js';
import type { Pausable, Pause } from '../core/pause.js';

/**
 * What is paused, for a person.
 *
 * @param waiting deliveries that wait for a sink, where they are counted
 */
export function pausedText(pause: Pause, config: Pick<Config, 'sinks' | 'sources'>, waiting = 0): string {
  const sent = `nothing is sent to it${waiting === 0 ? '' : `, and ${waiting} wait`}`;
  const what = pause.kind === 'sink' ? sent : 'it is not polled';
  const since = new Date(pause.sinceMs).toISOString();
  return `${pause.kind} ${pause.name} is paused since ${since}: ${what}; "${resumeCommand(pause, config)}" ends that.`;
}

/** With the option where a sink and a source share the name. */
export function resumeCommand({ kind, name }: Pausable, { sinks, sources }: Pick<Config, 'sinks' | 'sources'>): string {
  const others = kind === 'sink' ? sources : sinks;
  return others.some((other) => other.name === name) ? `resume --${kind} ${name}` : `resume ${name}`;
}
