import type { Ended } from './child-program.js';

const MARK = 'peak memory in KiB: ';
// `maxRSS` alone would count what the process that started it had.
const SCRIPT = `
import { readFileSync } from 'node:fs';
const own = () => /VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1];
const peak = () => process.platform === 'linux' ? own() : process.resourceUsage().maxRSS;
process.on('exit', () => process.stderr.write('${MARK}' + peak() + '\\n'));
`;

/** For a program that is to tell how much memory it had at most. */
export const TELLS_PEAK_MEMORY = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(SCRIPT)}` };

/** In MB, of all that was resident. */
export function peakMemoryOf({ stderr }: Pick<Ended, 'stderr'>): number {
  const line = stderr.find((text) => text.startsWith(MARK));
  if (line === undefined)
    throw new Error('the program does not tell its memory: it was no process of its own, or was killed');
  return Math.round((Number(line.slice(MARK.length)) * 1_024) / 1e6);
}
