import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { builtDist } from './build.js';

export interface ProgramOptions {
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment: nothing of this machine's own gets in. */
  readonly env?: Readonly<Record<string, string>>;
  /** Called at every line that it prints and when it has ended. */
  readonly onChange?: () => void;
}

export interface Ended {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

/** A line of the JSON log. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** The built command line as a process of its own. */
export interface Program {
  readonly args: readonly string[];
  readonly pid: number;
  /** Lines that have come so far. */
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** What of stderr is its log. */
  readonly log: readonly LogLine[];
  kill(signal: NodeJS.Signals): void;
  readonly isRunning: boolean;
  readonly ended: Promise<Ended>;
}

export async function startProgram(options: ProgramOptions): Promise<Program> {
  const { args, cwd, env = {}, onChange = () => undefined } = options;
  const dist = await builtDist();
  const child = spawn(process.execPath, [join(dist, 'cli.js'), ...args], {
    cwd,
    // Compiled once for all that are started: a quarter of a start.
    env: { NODE_COMPILE_CACHE: join(dist, '../compiled'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  const stdout = linesOf(child.stdout, onChange);
  const stderr = linesOf(child.stderr, (line) => {
    const parsed = logLineOf(line);
    if (parsed !== undefined) log.push(parsed);
    onChange();
  });
  let isRunning = true;
  const ended = once(child, 'close').then(([code, signal]): Ended => {
    isRunning = false;
    onChange();
    return { code, signal, stdout, stderr };
  });
  return {
    args,
    pid: child.pid ?? 0,
    stdout,
    stderr,
    log,
    kill: (signal) => void child.kill(signal),
    get isRunning() {
      return isRunning;
    },
    ended,
  };
}

function linesOf(stream: Readable, onLine: (line: string) => void): readonly string[] {
  const lines: string[] = [];
  createInterface({ input: stream }).on('line', (line) => {
    lines.push(line);
    onLine(line);
  });
  return lines;
}

function logLineOf(line: string): LogLine | undefined {
  if (!line.startsWith('{"level":')) return undefined;
  return JSON.parse(line) as LogLine;
}
