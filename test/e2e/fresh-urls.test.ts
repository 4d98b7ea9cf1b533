import type { FakeApi } from '../../src/fake/api.js';
import { createStage, type StagedReceiver, sourceOf, webhookTo } from '../support/stage.js';

const stage = createStage();

test('after a restart every sink gets a new URL that works, by one request', async () => {
  const api = await stage.api();
  const receivers = [await stage.receiver(), await stage.receiver()];
  const config = configOf(api, receivers, { retries: ['1s'] });
  const before = await stage.start(['run'], { config });
  await stage.untilLog(before, /^first poll complete/);
  // Nobody is there when the recording turns available.
  await Promise.all(receivers.map((receiver) => receiver.close()));
  api.recordings.add({ status: 'available', meetingId: 'the meeting' });
  await stage.until('both have failed', () => before.log.filter(({ msg }) => msg === 'attempt failed').length === 2);
  before.kill('SIGTERM');
  await before.ended;

  const back = [await stage.receiver(), await stage.receiver()];
  const after = await stage.start(['run'], { config: configOf(api, back, { retries: ['1s'] }) });
  await stage.until('both have it', () => back.every(({ accepted }) => accepted.length === 1));
  expect(narrowed(api)).toEqual([{ meetingId: 'the meeting', page: '1', take: '100' }]);
  const urls = back.map((receiver) => urlsOf(receiver)[0] ?? '');
  // Two answers if the first poll passed between them.
  for (const url of urls) expect((await fetch(url)).status).toBe(200);
  after.kill('SIGTERM');
  await after.ended;
});

test('a retry that comes after the death of the URL gets a new one', async () => {
  const api = await stage.api({ urlLifeMs: 1_000 });
  const receiver = await stage.receiver({ respond: ({ arrival }) => ({ status: arrival < 3 ? 500 : 204 }) });
  const program = await stage.start(['run'], { config: configOf(api, [receiver], { retries: ['1500ms', '1500ms'] }) });
  await stage.untilLog(program, /^first poll complete/);
  api.recordings.add({ status: 'available', meetingId: 'the meeting' });
  await stage.until('it is delivered', () => receiver.accepted.length === 1);
  expect(new Set(urlsOf(receiver)).size).toBe(3);
  expect(narrowed(api)).toHaveLength(3);
});

function configOf(api: FakeApi, receivers: readonly StagedReceiver[], more: object = {}) {
  const sinks = receivers.map((receiver, at) => [`hook-${at}`, webhookTo(receiver, more)] as const);
  return { sources: { production: sourceOf(api) }, sinks: Object.fromEntries(sinks) };
}

function urlsOf({ messages }: StagedReceiver): string[] {
  return messages.map(({ json }) => (json as { data: { recording: { url: string } } }).data.recording.url);
}

/** Requests for the URL of one recording. */
function narrowed({ requests }: FakeApi) {
  return requests.map(({ query }) => query).filter(({ meetingId }) => meetingId !== undefined);
}
