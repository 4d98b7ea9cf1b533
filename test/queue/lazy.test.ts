import { createStage, sourceOf, webhookTo } from '../support/stage.js';
import { cleanServers, describeWith, newAddress } from '../support/store-servers.js';

/** Says at the end how many modules of BullMQ and its client were asked for. */
const COUNTED = `
  import { registerHooks } from 'node:module';
  let loaded = 0;
  registerHooks({
    resolve(specifier, context, next) {
      if (/^(bullmq|ioredis)/.test(specifier)) loaded += 1;
      return next(specifier, context);
    },
  });
  process.on('exit', () => process.stdout.write('asked for ' + loaded));
`;
const NODE_OPTIONS = `--import data:text/javascript;base64,${Buffer.from(COUNTED).toString('base64')}`;

const stage = createStage();

afterAll(cleanServers);

async function askedFor(args: readonly string[], keys: object = {}): Promise<number> {
  const [api, receiver] = [await stage.api(), await stage.receiver()];
  const config = { sources: { main: sourceOf(api) }, sinks: { hook: webhookTo(receiver) }, ...keys };
  const program = await stage.start(args, { config, env: { NODE_OPTIONS } });
  if (args[0] === 'run') {
    await stage.untilLog(program, /^first poll complete/);
    program.kill('SIGTERM');
  }
  const { code, stdout } = await program.ended;
  expect(code).toBe(0);
  return Number(/asked for (\d+)$/.exec(stdout.at(-1) ?? '')?.[1]);
}

test.each([['run'], ['check', '--connect'], ['poll']])(
  'nothing of the queue is loaded without one: %s',
  async (...args) => {
    expect(await askedFor(args)).toBe(0);
  },
);

describeWith('redis', 'with a queue', () => {
  test('it is loaded', async () => {
    const { url, prefix } = newAddress('redis');
    expect(await askedFor(['run'], { store: `${url}?prefix=${prefix}`, queue: url })).toBeGreaterThan(1);
  });
});
