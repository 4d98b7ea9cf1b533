import { expectedDeliveryId, expectedEventId } from '../support/expected-id.js';
import { createStage, sourceOf, webhookTo } from '../support/stage.js';

const stage = createStage();

/** One recording that was told to a hook, and a file that has been broken since then. */
async function play(breakIt: (text: string) => string) {
  const [api, hook] = [await stage.api(), await stage.receiver()];
  const sinks = { hook: webhookTo(hook), still: { type: 'stdout', enabled: false } };
  const parts = { server: { listen: 'off' }, sources: { production: sourceOf(api) }, sinks };
  const text = Object.entries(parts)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
    .join('');
  stage.configure(text);
  await stage.run(['poll']);
  api.recordings.add({ uuid: 'r1', status: 'available' });
  await stage.run(['poll']);
  const id = expectedDeliveryId(expectedEventId('recording.available', 'production', 'r1', 1), 'hook');
  return { hook, id, break: () => stage.configure(breakIt(text)) };
}

const MISTAKES = [
  { name: 'a mistake in a sink', breakIt: (text: string) => text.replace('"stdout"', '"stdoutt"') },
  { name: 'a file that is no YAML', breakIt: (text: string) => `${text}delivery: [\n` },
] as const;

const ANSWERING =
  /^config\/notifier\.yaml has 1 mistake, which "check" shows; answering from the store, sqlite:\S+notifier\.sqlite\.$/;

test.each(MISTAKES)('$name: what looks at the store answers from it, and says so', async ({ breakIt }) => {
  const scene = await play(breakIt);
  scene.break();
  expect(await stage.run(['check'])).toMatchObject({ code: 2 });
  const looks = [
    ['explain', 'r1'],
    ['deliveries', '--json'],
    ['recordings', '--json'],
  ];
  for (const args of looks) {
    const { code, stdout, stderr } = await stage.run(args);
    expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: [expect.stringMatching(ANSWERING)] });
    expect(stdout.join('\n')).toContain('r1');
  }
  const explained = (await stage.run(['explain', 'r1'])).stdout.join('\n');
  expect(explained).toMatch(/hook: delivered/);
  expect(explained).not.toMatch(/no sink of this name/);
});

test.each(MISTAKES)('$name: without a program to ask, an order is refused with what is wrong', async ({ breakIt }) => {
  const { id, hook, ...scene } = await play(breakIt);
  scene.break();
  for (const args of [
    ['redeliver', id],
    ['announce', 'r1'],
    ['pause', 'hook'],
    ['resume', 'hook'],
    ['release'],
    ['discard'],
  ]) {
    const { code, stdout, stderr } = await stage.run(args);
    expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: [] });
    expect(stderr.join('\n')).toMatch(/^config\/notifier\.yaml:\d+:\d+: /);
  }
  expect(hook.messages).toHaveLength(1);
});

test.each(MISTAKES)('$name: a running program does what is asked, by the config that it has', async ({ breakIt }) => {
  const { id, hook, ...scene } = await play(breakIt);
  const program = await stage.start(['run']);
  await stage.untilLog(program, 'running');
  scene.break();
  const asked = /^config\/notifier\.yaml has 1 mistake, .*the running program does it by the config that it has\.$/m;
  for (const args of [
    ['redeliver', id],
    ['announce', 'r1', '--sink', 'hook'],
    ['pause', 'hook'],
    ['resume', 'hook'],
    ['release'],
  ]) {
    const { code, stderr } = await stage.run(args);
    expect({ args, code, stderr: stderr.join('\n') }).toEqual({ args, code: 0, stderr: expect.stringMatching(asked) });
  }
  expect(hook.messages).toHaveLength(3);
});

test('where the store is the mistake, nothing answers', async () => {
  const scene = await play((text) => `${text}store: sqlit:a\n`);
  scene.break();
  const { code, stdout, stderr } = await stage.run(['deliveries']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: [] });
  expect(stderr.join('\n')).toMatch(/^config\/notifier\.yaml:\d+:\d+: store: /);
});
