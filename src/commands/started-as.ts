import { basename, isAbsolute, join, relative } from 'node:path';
import type { Process } from '../system.js';

const NAME = 'recording-notifier';

/** What a person types in front of a command to start this program as it was started now. */
export function startedAs({ startedBy, environment, cwd }: Pick<Process, 'startedBy' | 'environment' | 'cwd'>): string {
  const [node = 'node', script = NAME] = startedBy;
  // npm tells what it runs to all that it starts, programs of other packages included.
  const isOfNpm = environment['npm_package_name'] === NAME && environment['npm_lifecycle_event'] === 'start';
  if (isOfNpm) return 'npm start --';
  const installed = join(cwd, 'node_modules');
  const isRunByNpx = environment['npm_command'] === 'exec' && script.startsWith(join(installed, '/'));
  // Elsewhere npx would not find it, and fetch whatever package has the name.
  if (isRunByNpx || script === join(installed, '.bin', NAME)) return `npx ${NAME}`;
  if (script.includes(join('node_modules', '.bin')))
    return `${node === 'node' ? '' : `${quoted(node)} `}${shownPath()}`;
  if (basename(script) !== 'cli.js') return NAME;
  return `${quoted(node)} ${shownPath()}`;

  function shownPath(): string {
    const path = relative(cwd, script);
    return quoted(path.startsWith('..') || isAbsolute(path) ? script : path);
  }
}

function quoted(path: string): string {
  return /\s/.test(path) ? JSON.stringify(path) : path;
}
