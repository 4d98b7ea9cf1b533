import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { StoreConfig } from '../../src/config/config.js';
import { builtDist } from './build.js';

export interface StoreChild {
  readonly pid: number;
  nextLine(): Promise<string>;
  /** Resolves when the process is gone, with the last line that it printed. */
  kill(): Promise<string>;
  /** Lets it close the store and end by itself. */
  end(): Promise<void>;
  /** It has no turn until it goes on. */
  pause(): void;
  goOn(): void;
  /** Resolves when it has ended by itself, with what it said of why. */
  failed(): Promise<string>;
}

export async function startStoreChild(
  command: 'hold' | 'write' | 'tear' | 'migrate',
  store: StoreConfig,
  size = 0,
): Promise<StoreChild> {
  const script = join(import.meta.dirname, 'store-owner.mjs');
  const child = spawn(process.execPath, [script, await builtDist(), command, JSON.stringify(store), String(size)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const gone = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let last = '';
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });

  async function nextLine(): Promise<string> {
    const { done, value } = await lines.next();
    if (done === true) throw new Error(`the child has ended: ${complaint}`);
    last = value;
    return value;
  }

  async function kill(): Promise<string> {
    child.kill('SIGKILL');
    await gone;
    for (let line = await lines.next(); line.done !== true; line = await lines.next()) last = line.value;
    return last;
  }

  async function end(): Promise<void> {
    child.stdin.end();
    await gone;
  }

  async function failed(): Promise<string> {
    for (let line = await lines.next(); line.done !== true; line = await lines.next());
    await gone;
    return complaint;
  }

  return {
    pid: child.pid ?? 0,
    nextLine,
    kill,
    end,
    pause: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    failed,
  };
}
