import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Answer, Deeds, Question } from './serve.js';

/** What a file with `serve` does, done in a process of its own, so that memory and processor time are its own. */
export type Child<Of extends Deeds> = {
  readonly [Deed in keyof Of]: (...args: Parameters<Of[Deed]>) => Promise<Awaited<ReturnType<Of[Deed]>>>;
} & AsyncDisposable;

/** @param file compiled */
export function startChild<Of extends Deeds>(file: string): Child<Of> {
  const child = fork(file, { execArgv: ['--expose-gc'], serialization: 'advanced' });
  const ended = once(child, 'exit');
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let asked = 0;
  child.on('message', ({ id, value, problem }: Answer) => {
    const waiter = waiting.get(id);
    waiting.delete(id);
    if (problem === undefined) waiter?.resolve(value);
    else waiter?.reject(new Error(problem));
  });
  child.once('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} has ended`));
  });

  function ask(deed: string, args: readonly unknown[]): Promise<unknown> {
    asked += 1;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    waiting.set(asked, { resolve, reject });
    child.send({ id: asked, deed, args } satisfies Question);
    return promise;
  }

  async function end(): Promise<void> {
    if (child.connected) child.disconnect();
    child.kill('SIGKILL');
    await ended;
  }

  // `then` would make it a promise to whoever awaits it.
  return new Proxy({} as Child<Of>, {
    get: (_, name) => {
      if (name === Symbol.asyncDispose) return end;
      return name === 'then' ? undefined : (...args: readonly unknown[]) => ask(String(name), args);
    },
  });
}
