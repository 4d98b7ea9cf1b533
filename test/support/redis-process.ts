import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.js';
import { temporaryFolder } from './temporary-folder.js';

export interface RedisProcess {
  readonly url: string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Answers nothing until it goes on, as behind a broken network. */
  pause(): void;
  goOn(): void;
  /** On the same port, with the same files. */
  restart(): Promise<void>;
}

/** A redis-server that keeps what it acknowledges, on a free port. */
export async function startRedis(...options: string[]): Promise<RedisProcess> {
  const folder = temporaryFolder();
  const port = await freePort();
  let child = await start();

  async function start(): Promise<ChildProcess> {
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
    const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
    const started = spawn('redis-server', [...place, ...durable, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: started.stdout })) {
      if (line.includes('Ready to accept connections')) break;
    }
    started.stdout.resume();
    return started;
  }

  return {
    url: `redis://127.0.0.1:${port}/0`,
    kill: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
    pause: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    restart: async () => {
      child = await start();
    },
  };
}
