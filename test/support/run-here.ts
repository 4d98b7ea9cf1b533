import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../src/commands/program.js';
import { thisProcess } from '../../src/system.js';
import { builtDist } from './build.js';
import type { Ended } from './child-program.js';
import { temporaryFolder } from './temporary-folder.js';

const ROOT = join(import.meta.dirname, '../..');

export interface HereOptions {
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * One command line in this process, for commands that end by themselves: it has the real files and sockets, and costs no start of a
 * process. Whatever it leaves open stays so.
 */
export async function runHere({ args, cwd, env }: HereOptions): Promise<Ended> {
  const stdout: string[] = [];
  const file = join(temporaryFolder(), 'stderr');
  const stderrFd = openSync(file, 'a');
  const leave = enter(cwd, env);
  try {
    const code = await runCommand(
      args,
      {
        ...thisProcess({ isOurs: false, startedBy: [process.execPath, join(await builtDist(), 'cli.js')] }),
        environment: env,
        cwd,
        stdoutIsTerminal: false,
        stderrIsTerminal: false,
        terminalColumns: undefined,
        statusLine: undefined,
        terminal: undefined,
        print: async (text) => void stdout.push(...text.split('\n')),
        tell: (line) => void writeSync(stderrFd, `${line}\n`),
        stderrFd,
        onSignal: () => undefined,
      },
      (code) => {
        throw new Error(`ended at once, with exit code ${code}`);
      },
    );
    return { code, signal: null, stdout, stderr: linesOf(readFileSync(file, 'utf8')) };
  } finally {
    leave();
    closeSync(stderrFd);
  }
}

let inside = 0;
let known: NodeJS.ProcessEnv = {};

/** Takes the process there; the last to leave takes it back. At one time, all are in one folder, with one environment. */
function enter(cwd: string, env: HereOptions['env']): () => void {
  if (inside === 0) known = { ...process.env };
  inside += 1;
  process.chdir(cwd);
  // Commander looks there for what an option may take from the environment.
  Object.assign(process.env, env);
  return () => {
    inside -= 1;
    if (inside > 0) return;
    for (const name of Object.keys(process.env)) if (!(name in known)) delete process.env[name];
    Object.assign(process.env, known);
    process.chdir(ROOT);
  };
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}
