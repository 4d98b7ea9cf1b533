import { expectedDeliveryId, expectedEventId } from '../support/expected-id.js';
import { createStage, sourceOf, uuidOf, webhookTo } from '../support/stage.js';

const stage = createStage();

/** One recording that the first poll remembered silently, one that came later, and one in processing. */
async function playFew() {
  const api = await stage.api();
  const receiver = await stage.receiver();
  stage.configure({
    sources: { production: sourceOf(api) },
    sinks: {
      hook: webhookTo(receiver),
      picky: webhookTo(receiver, { only: { rooms: ['nowhere'] } }),
      off: webhookTo(receiver, { enabled: false }),
    },
  });
  const old = api.recordings.add({ status: 'available', meetingId: 'm-old' });
  await stage.run(['poll']);
  const later = api.recordings.add({ status: 'available', meetingId: 'm-later' });
  const open = api.recordings.add({ meetingId: 'm-open' });
  await stage.run(['poll']);
  return { api, receiver, old, later, open };
}

async function announce(...args: string[]) {
  const { code, stdout, stderr } = await stage.run(['announce', '--json', ...args]);
  return { code, stderr, lines: stdout.map((line) => JSON.parse(line)) };
}

function idOf(uuid: string): string {
  return expectedEventId('recording.available', 'production', uuid, 1);
}

describe('alone', () => {
  test('what the first poll remembered silently is told, with its URL', async () => {
    const { receiver, old } = await playFew();
    const eventId = idOf(old);
    expect(await announce(old)).toMatchObject({
      code: 0,
      lines: [{ id: expectedDeliveryId(eventId, 'hook'), eventId, sink: 'hook', result: 'delivered' }],
    });
    const message = receiver.messages.at(-1);
    if (message === undefined) throw new Error('it has arrived');
    expect(uuidOf(message)).toBe(old);
    expect(message.json).toMatchObject({ data: { occurrence: 1, recording: { url: expect.stringMatching(/^http/) } } });
  });

  test('what was told is told again, with the same id, and --sink needs no match', async () => {
    const { receiver, later } = await playFew();
    expect(await announce(later)).toMatchObject({ code: 0, lines: [{ eventId: idOf(later), sink: 'hook' }] });
    const detail = 'HTTP 204; not taken by its only.rooms, and told because --sink names it';
    expect(await announce(later, '--sink', 'picky')).toMatchObject({ code: 0, lines: [{ sink: 'picky', detail }] });
    expect(await announce(later, '--sink', 'hook')).toMatchObject({ code: 0, lines: [{ detail: 'HTTP 204' }] });
    expect(receiver.accepted).toEqual([idOf(later), idOf(later), idOf(later), idOf(later)]);
  });

  test('what is not available or not known is refused in words, the rest is told', async () => {
    const { receiver, open, old } = await playFew();
    const { code, lines } = await announce(open, 'nobody', old);
    expect(code).toBe(1);
    expect(lines).toMatchObject([
      { id: open, sink: null, result: 'not_available', detail: 'production: its status is "processing"' },
      { id: 'nobody', sink: null, result: 'unknown' },
      { sink: 'hook', result: 'delivered' },
    ]);
    expect(receiver.accepted.at(-1)).toBe(idOf(old));
  });
});

test('beside a running program the owner does it and answers', async () => {
  const { receiver, old, open } = await playFew();
  const program = await stage.start(['run']);
  await stage.untilLog(program, 'running');
  expect(await announce(old)).toMatchObject({ code: 0, lines: [{ result: 'delivered' }] });
  expect(receiver.accepted.at(-1)).toBe(idOf(old));
  expect(await announce(open)).toMatchObject({ code: 1, lines: [{ result: 'not_available' }] });
});

test.each([
  { name: 'no recording', args: [] },
  { name: '--sink that is not in the config', args: ['some-uuid', '--sink', 'nowhere'] },
  { name: '--sink that is disabled', args: ['some-uuid', '--sink', 'off'] },
])('asked wrongly: $name', async ({ args }) => {
  const api = await stage.api();
  const sinks = { out: { type: 'stdout' }, off: { type: 'stdout', enabled: false } };
  stage.configure({ sources: { production: sourceOf(api) }, sinks });
  const { code, stdout, stderr } = await stage.run(['announce', ...args]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: [] });
  expect(stderr.join('')).not.toBe('');
});
