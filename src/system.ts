import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { freemem, hostname, release, totalmem, type } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { getHeapStatistics } from 'node:v8';
import type { Sha256 } from './core/id.js';
import type { Clock, Programs, Random } from './ports.js';

/** The machine and the process, as everything else is handed them: the only file that touches the ambient clock, dice and environment. */

const TIMER_MS_MAX = 2 ** 31 - 1;
const STDERR_FD = 2;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), TIMER_MS_MAX));
    return { cancel: () => clearTimeout(timer) };
  },
};

export const systemRandom: Random = () => Math.random();

export const sha256: Sha256 = (text) => createHash('sha256').update(text, 'utf8').digest('hex');

/** Of 32 hex digits. */
export function nonce(): string {
  return randomBytes(16).toString('hex');
}

/** A new key to sign with: 24 bytes in base64. */
export function signingKey(): string {
  return randomBytes(24).toString('base64');
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Resolves when there is room again, or when there will never be any. */
async function drained(stream: NodeJS.WriteStream): Promise<void> {
  const ended = new AbortController();
  const { signal } = ended;
  // `once` rejects when the stream has an error: that its reader is gone is noted elsewhere.
  const events = ['drain', 'close'].map((event) => once(stream, event, { signal }).catch(() => undefined));
  await Promise.race(events);
  ended.abort();
}

/** Whoever read our stdout has closed it, as `head` does when it has seen enough. */
export class ReaderGoneError extends Error {
  override readonly name = 'ReaderGoneError';
}

export interface StatusLine {
  readonly columns: number;
  /** Replaces what was drawn before; an empty text takes it away. */
  draw(text: string): void;
}

/** Nothing else of our environment is anybody's: it may hold every secret of the config. */
const FOR_PROGRAMS = /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR)$/;

/** Groups of programs that we have started. At a second Ctrl-C nobody waits for them, and nobody would end them afterwards. */
const groups = new Set<number>();
let isWatchingEnd = false;

function watchEnd(): void {
  if (isWatchingEnd) return;
  isWatchingEnd = true;
  process.on('exit', () => {
    for (const leaderPid of groups) systemPrograms.signalGroup(leaderPid, 'SIGKILL');
  });
}

export const systemPrograms: Programs = {
  track: (leaderPid) => {
    watchEnd();
    groups.add(leaderPid);
    return () => void groups.delete(leaderPid);
  },
  get environment() {
    const entries = Object.entries(process.env).filter(
      (entry): entry is [string, string] => FOR_PROGRAMS.test(entry[0]) && entry[1] !== undefined,
    );
    return Object.fromEntries(entries);
  },
  signalGroup: (leaderPid, signal) => {
    try {
      return process.kill(-leaderPid, signal);
    } catch (error) {
      // One that may not be signalled is there all the same.
      return (error as NodeJS.ErrnoException).code !== 'ESRCH';
    }
  },
};

/** What runs this program, for a report. */
export function machineFacts() {
  const { node, sqlite } = process.versions;
  const limit = process.constrainedMemory();
  return {
    node,
    sqlite: sqlite ?? 'none',
    system: `${type()} ${release()} ${process.arch}`,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    memoryBytes: totalmem(),
    memoryFreeBytes: freemem(),
    /** Of the container or the group of processes; undefined: there is none below that of the machine. */
    memoryLimitBytes: limit > 0 && limit < totalmem() ? limit : undefined,
    heapLimitBytes: getHeapStatistics().heap_size_limit,
  };
}

/** What a command sees of the process that it runs in. */
export interface Process {
  readonly environment: Environment;
  readonly cwd: string;
  readonly host: string;
  readonly pid: number;
  /** Node and the script, as they were called; empty when the process is another program's. */
  readonly startedBy: readonly string[];
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  /** How wide the terminal is that stdout is; undefined where it is none. */
  readonly terminalColumns: number | undefined;
  /** The terminal that stderr is, for a line that is drawn over; undefined where it is none, or one that knows no such thing. */
  readonly statusLine: StatusLine | undefined;
  /** Where a person can be asked; undefined where stdin or stdout is no terminal. */
  readonly terminal: { readonly input: Readable; readonly output: Writable } | undefined;
  /** A line to stdout; resolves when it has been taken, throws {@link ReaderGoneError} when nobody reads any more. */
  print(line: string): Promise<void>;
  /** A line to stderr, for the person. */
  tell(line: string): void;
  /** The file descriptor of stderr, for the log. */
  readonly stderrFd: number;
  /** Calls back at each of the signals. Without a listener they have their usual effect. */
  onSignal(signals: readonly NodeJS.Signals[], listener: (signal: NodeJS.Signals) => void): void;
}

let stdoutReader: { isGone: boolean } | undefined;

/** Watched once for all. */
function readerOfStdout(): { readonly isGone: boolean } {
  if (stdoutReader !== undefined) return stdoutReader;
  const reader = { isGone: false };
  process.stdout.on('error', () => {
    reader.isGone = true;
  });
  stdoutReader = reader;
  return reader;
}

/**
 * @param isOurs false in a program that embeds the notifier: it keeps its own ways with stdout until a sink prints
 * @param startedBy as in {@link Process}
 */
export function thisProcess({ isOurs = true, startedBy = [] as readonly string[] } = {}): Process {
  const { stdout, stderr } = process;
  if (isOurs) readerOfStdout();
  return {
    environment: process.env,
    cwd: process.cwd(),
    host: hostname(),
    pid: process.pid,
    startedBy,
    stdoutIsTerminal: stdout.isTTY === true,
    stderrIsTerminal: stderr.isTTY === true,
    get terminalColumns() {
      return stdout.isTTY === true ? stdout.columns || 80 : undefined;
    },
    get statusLine() {
      if (stderr.isTTY !== true || process.env['TERM'] === 'dumb') return undefined;
      return { columns: stderr.columns || 80, draw: (text: string) => void stderr.write(`\r\u001b[K${text}`) };
    },
    get terminal() {
      const { stdin } = process;
      return stdin.isTTY === true && stdout.isTTY === true ? { input: stdin, output: stdout } : undefined;
    },
    print: async (line) => {
      const reader = readerOfStdout();
      const isFull = !reader.isGone && !stdout.write(`${line}\n`);
      if (isFull) await drained(stdout);
      if (reader.isGone) throw new ReaderGoneError('nobody reads stdout any more');
    },
    tell: (line) => void stderr.write(`${line}\n`),
    stderrFd: STDERR_FD,
    onSignal: (signals, listener) => {
      for (const signal of signals) process.on(signal, listener);
    },
  };
}
