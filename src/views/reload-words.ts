import type { ConfigStatus } from '../engine/program-status.js';
import { counted } from './surroundings.js';

/** That the last reload was refused, for a person; undefined while it was not. */
export function reloadText({ loadedAtMs, refused }: ConfigStatus): string | undefined {
  if (refused === null) return undefined;
  const at = new Date(refused.atMs).toISOString();
  if (refused.kind === 'failed') return `The last reload failed at ${at}, and the log says why; send SIGHUP again.`;
  const since = new Date(loadedAtMs).toISOString();
  return `The last reload was refused at ${at}: ${counted(refused.count, 'error')}; the program goes on with the config of ${since}.`;
}
