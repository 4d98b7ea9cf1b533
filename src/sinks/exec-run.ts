import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock, Programs } from '../ports.js';

export interface Run {
  /** Program and arguments; the program is an absolute path, or a name that is looked for in PATH. */
  readonly command: readonly [program: string, ...args: string[]];
  /** All that it has of an environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string | undefined;
  /** It may read it or not. */
  readonly input: string;
}

export type Ended =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  /** @param code of the system, such as `ENOENT` */
  | { readonly kind: 'not_started'; readonly code: string };

interface RunPorts {
  readonly clock: Clock;
  readonly programs: Programs;
  /** Ends it: SIGTERM to all that it has started, and SIGKILL to what is still there after {@link GRACE_MS}. */
  readonly signal: AbortSignal;
}

/** From SIGTERM to SIGKILL. */
export const GRACE_MS = 2_000;

/**
 * Runs a program to its end, without a shell. What it says goes nowhere: an answer of a receiver is neither stored nor logged, and
 * nothing of it has to be bounded then.
 *
 * It leads a session and process group of its own, so that a Ctrl-C on our terminal does not reach it and its end is ours to decide.
 */
export async function run({ command: [program, ...args], environment, folder, input }: Run, ports: RunPorts) {
  let child: ChildProcess;
  try {
    child = spawn(program, args, {
      cwd: folder,
      env: environment,
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
  } catch (error) {
    return notStarted(error);
  }
  const ended = endOf(child);
  // It may end without having read anything.
  child.stdin?.on('error', () => undefined).end(input);
  if (child.pid === undefined) return ended;
  const isOver = ports.programs.track(child.pid);
  const cut = cutOff(child.pid, ended, ports);
  try {
    const end = await ended;
    await cut.over();
    return end;
  } finally {
    isOver();
  }
}

function endOf(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(notStarted(error)));
    child.once('exit', (code, signal) =>
      resolve(code === null ? { kind: 'signalled', signal: String(signal) } : { kind: 'exited', code }),
    );
  });
}

function notStarted(error: unknown): Ended {
  return { kind: 'not_started', code: (error as NodeJS.ErrnoException).code ?? 'unknown' };
}

/** Ends the group at the signal. After that, what the program has started may outlive it by the grace, and no longer. */
function cutOff(pid: number, ended: Promise<Ended>, { clock, programs, signal }: RunPorts) {
  const gone = Promise.withResolvers<void>();
  let isCut = false;
  let cancel: () => void = () => undefined;
  const onAbort = () => {
    isCut = true;
    programs.signalGroup(pid, 'SIGTERM');
    const timer = clock.after(GRACE_MS, () => {
      programs.signalGroup(pid, 'SIGKILL');
      gone.resolve();
    });
    cancel = () => timer.cancel();
    void ended.then(() => {
      if (programs.signalGroup(pid, 0)) return;
      cancel();
      gone.resolve();
    });
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return {
    over: async () => {
      signal.removeEventListener('abort', onAbort);
      if (isCut) await gone.promise;
    },
  };
}
