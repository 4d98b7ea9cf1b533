import { listed } from '../config/words.js';
import type { CommandContext } from './command.js';
import type { Entry } from './init-draft.js';
import { ENV_FILE } from './init-files.js';
import { variablesOfNewKeys } from './init-further.js';
import { startedAs } from './started-as.js';

const DEFAULT_FILE = 'config/notifier.yaml';

/** What to type once the config is written; and before it what to do where something is not ready for it yet. */
export function nextSteps(
  config: string,
  entries: readonly Entry[],
  context: Pick<CommandContext, 'startedBy' | 'environment' | 'cwd'>,
): string[] {
  const option = config === DEFAULT_FILE ? '' : ` --config ${JSON.stringify(config)}`;
  const call = (command: string) => `${startedAs(context)} ${command}${option}`;
  const toTest = entries.filter(({ hasNewKey, isDown }) => hasNewKey || isDown);
  return [
    ...toTest.flatMap((entry) => [...receiverSteps(entry, startedAs(context)), call(`test ${entry.name}`)]),
    call('check --connect'),
    call('run'),
  ];
}

function receiverSteps(entry: Entry, program: string): string[] {
  const start = `start the receiver of ${entry.name}`;
  const keys = variablesOfNewKeys(entry);
  const exports = keys.map((key) => `export "$(grep ^${key}= ${ENV_FILE})"`).join('; ');
  const port = portForListen(entry);
  if (port !== undefined) {
    const own = keys.length === 0 ? [] : [`one of your own gets its key by: ${exports}`];
    return [`${start} in a second terminal; one to try it with: ${program} listen --port ${port}`, ...own];
  }
  return [keys.length === 0 ? start : `${start} with ${listed(keys)} from ${ENV_FILE}; in its shell: ${exports}`];
}

/** Where `listen`, which takes the key from `.env`, can stand in for the receiver; undefined where it cannot. */
function portForListen({ answers }: Entry): number | undefined {
  const url = URL.parse(answers['webhook-url'] ?? '');
  if (url?.protocol !== 'http:' || url.port === '') return undefined;
  return ['localhost', '127.0.0.1'].includes(url.hostname) ? Number(url.port) : undefined;
}
