import type { Config } from '../../src/config/config.js';
import { createServing } from '../../src/server/serving.js';
import { createLedger } from '../../src/store/ledger.js';
import { countWrites } from '../../src/store/revision.js';
import { nonce, sha256 } from '../../src/system.js';
import { createMemoryLog } from './memory-log.js';
import { createProgram, type Program, stopProgram, type World } from './notifier-stage.js';
import { realClock } from './real-clock.js';

/** A program with its server, on a port of its own. Not started: it polls when a test says so. */
export interface Served extends AsyncDisposable {
  readonly program: Program;
  /** Ends in a slash. */
  readonly url: string;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  post(path: string, headers?: Readonly<Record<string, string>>, body?: string): Promise<Response>;
  json(path: string): Promise<unknown>;
}

export async function startServed(world: World, config: Config, token?: string): Promise<Served> {
  const ledger = countWrites(createLedger(world.store), (deliveries) => serving.stored(deliveries));
  const serving = createServing({
    ...{ ledger, sha256, token, nonce, storeLabel: 'memory', log: createMemoryLog() },
    // Times of the world; but how long somebody waits for an answer is real.
    clock: { nowMs: world.clock.nowMs, monotonicMs: world.clock.monotonicMs, after: realClock.after },
    program: () => program.notifier,
  });
  const { observer, told: tell } = serving;
  const program = createProgram(world, config, { ledger, observer, tell });
  await program.notifier.load();
  const server = await serving.listen({ host: '127.0.0.1', port: 0 });
  const send = (method: string, path: string, headers: Readonly<Record<string, string>> = {}, body?: string) =>
    fetch(new URL(path, server.url), {
      ...{ method, headers, redirect: 'manual' },
      ...(body !== undefined && { body }),
    });
  return {
    program,
    url: server.url,
    get: (path, headers) => send('GET', path, headers),
    post: (path, headers, body) => send('POST', path, headers, body),
    json: async (path) => (await send('GET', path)).json(),
    async [Symbol.asyncDispose]() {
      await server.close();
      await stopProgram(program, world);
      await program[Symbol.asyncDispose]();
    },
  };
}
