import { createStage, sourceOf } from '../support/stage.js';

const stage = createStage();

interface Posted {
  readonly text: string;
  readonly blocks: readonly unknown[];
}

test('killed between the yes of Slack and our note of it: the next process posts the same message, and nothing else', async () => {
  const posted: Posted[] = [];
  const answer = Promise.withResolvers<void>();
  const [api, chat] = [
    await stage.api(),
    await stage.receiver({
      respond: async ({ json }) => {
        posted.push(json as Posted);
        if (posted.length === 1) await answer.promise;
        return { status: 200, body: 'ok' };
      },
    }),
  ];
  stage.configure({
    sources: { production: sourceOf(api) },
    sinks: { chat: { type: 'slack', url: chat.url, includeUrl: false, digest: { every: '1s', max: 3 } } },
  });
  await stage.run(['poll']);
  for (let n = 0; n < 3; n += 1) api.recordings.add({ uuid: `first-${n}`, status: 'available' });
  const first = await stage.start(['run']);
  await stage.until('a digest has arrived', () => posted.length === 1);
  for (let n = 0; n < 2; n += 1) api.recordings.add({ uuid: `later-${n}`, status: 'available' });
  await stage.untilLog(first, 'event', ({ recording }) => recording === 'later-1');
  first.kill('SIGKILL');
  await first.ended;
  answer.resolve();
  await stage.start(['run']);
  await stage.until('all has arrived', () => posted.length === 3);
  const [before, ...after] = posted;
  expect(before?.text).toBe('3 recordings are available');
  const again = after.find(({ text }) => text === before?.text);
  expect(again).toEqual(before);
  const rest = after.filter((message) => message !== again);
  expect(JSON.stringify(rest)).toMatch(/later-0.*later-1/);
  expect(JSON.stringify(rest)).not.toMatch(/first-/);
}, 30_000);
