import { createStage, sourceOf, webhookTo } from '../support/stage.js';
import { cleanServers, describeWith, newAddress } from '../support/store-servers.js';

const MARK = 'packages: ';
/** Says at the end which packages were loaded. */
const TELLS_PACKAGES = `
  import { registerHooks } from 'node:module';
  const names = new Set();
  registerHooks({
    load(url, context, next) {
      const name = /.*\\/node_modules\\/((?:@[^/]+\\/)?[^/.][^/]*)/.exec(url)?.[1];
      if (name !== undefined) names.add(name);
      return next(url, context);
    },
  });
  process.on('exit', () => process.stdout.write('\\n${MARK}' + [...names].join(' ')));
`;
const NODE_OPTIONS = `--import data:text/javascript;base64,${Buffer.from(TELLS_PACKAGES).toString('base64')}`;

const PLAIN = { server: { listen: 'off' }, log: { format: 'json' } };
/** What each of them is for is in `src/DECISIONS.md`. */
const IDLE = [
  ...['@aws-sdk/client-s3', '@clack/prompts', '@hono/node-server', '@hono/zod-openapi', '@jmespath-community/jmespath'],
  ...['@keyv/postgres', '@keyv/redis', '@slack/webhook', 'bullmq', 'hono', 'ioredis', 'liquidjs', 'mailparser'],
  ...['nodemailer', 'pg', 'pino-pretty', 'prom-client', 'smtp-server'],
];

const stage = createStage();

afterAll(cleanServers);

async function loadedBy(args: readonly string[], keys: object = {}, sink: object = {}): Promise<readonly string[]> {
  const [api, receiver] = [await stage.api(), await stage.receiver()];
  const sinks = { hook: { ...webhookTo(receiver), ...sink } };
  const config = { sources: { main: sourceOf(api) }, sinks, ...PLAIN, ...keys };
  const program = await stage.start(args, { config, env: { NODE_OPTIONS } });
  if (args[0] === 'run') {
    await stage.untilLog(program, /^first poll complete/);
    program.kill('SIGTERM');
  }
  const { code, stdout } = await program.ended;
  expect(code).toBe(0);
  return (stdout.at(-1) ?? '').slice(MARK.length).split(' ');
}

test.each([['run'], ['check', '--connect'], ['poll']])(
  'what a config has nothing of is not loaded: %s',
  async (...args) => {
    const loaded = await loadedBy(args);
    expect(loaded).toContain('undici');
    expect(loaded.filter((name) => IDLE.includes(name))).toEqual([]);
  },
);

test.each([
  { name: 'liquidjs', sink: { template: { body: '{"id":{{ event.id }}}' } } },
  { name: 'hono', keys: { server: { listen: '127.0.0.1:0' } } },
  { name: 'pino-pretty', args: ['check'], keys: { log: { format: 'pretty' } } },
])('what it has is: $name', async ({ name, args = ['run'], keys = {}, sink = {} }) => {
  expect(await loadedBy(args, keys, sink)).toContain(name);
});

describeWith('redis', 'with a queue', () => {
  test('it is loaded', async () => {
    const { url, prefix } = newAddress('redis');
    expect(await loadedBy(['run'], { store: `${url}?prefix=${prefix}`, queue: url })).toContain('bullmq');
  });
});
