import { basename, isAbsolute, join, relative } from 'node:path';
import type { Process } from '../system.js';

const NAME = 'recording-notifier';

/** What a person types in front of a command to start this program as it was started now. */
export function startedAs({ startedBy, environment, cwd }: Pick<Process, 'startedBy' | 'environment' | 'cwd'>): string {
  const [node = 'node', script = NAME] = startedBy;
  // npm tells what it runs to all that it starts, programs of other packages included.
  const isOfNpm = environment['npm_package_name'] === NAME && environment['npm_lifecycle_event'] === 'start';
  if (isOfNpm) return 'npm start --';
  if (environment['npm_command'] === 'exec' || script.includes(join('node_modules', '.bin'))) return `npx ${NAME}`;
  if (basename(script) !== 'cli.js') return NAME;
  const path = relative(cwd, script);
  return `${quoted(node)} ${quoted(path.startsWith('..') || isAbsolute(path) ? script : path)}`;
}

function quoted(path: string): string {
  return /\s/.test(path) ? JSON.stringify(path) : path;
}
