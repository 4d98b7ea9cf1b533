import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { VERSION } from '../../src/version.js';
import { expectedEventId } from '../support/expected-id.js';
import { createStage, SIGNING_SECRET, sourceOf, uuidOf, webhookTo } from '../support/stage.js';

const stage = createStage();

const CONFIG = `sources: { production: { baseUrl: "http://127.0.0.1:4010", auth: { clientId: a, secret: b }, schedule: "* * * * * *" } }
sinks: { hook: { type: webhook, url: "http://127.0.0.1:4020/in", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw } }
store: sqlite:state/test.sqlite
server: { listen: off }
`;

test('one recording that turns available is one signed webhook, and what was there before is none', async () => {
  const [apiPort, hookPort] = [await freePort(), await freePort()];
  const api = await stage.api({ port: apiPort, credentials: { clientId: 'a', secret: 'b' } });
  const receiver = await stage.receiver({ port: hookPort });
  api.recordings.add({ status: 'available' });
  const uuid = api.recordings.add({
    roomId: 'Größe & <Maß> 🎬',
    meetingId: 'm-1',
    createdAt: '2024-05-13T17:14:00.941Z',
  });
  stage.configure(CONFIG.replace('4010', String(apiPort)).replace('4020', String(hookPort)), 'test.yaml');

  const program = await stage.start(['run', '--config', 'test.yaml']);
  await stage.untilLog(program, /^first poll complete/);
  const beforeMs = Date.now();
  api.recordings.setStatus(uuid, 'available');
  const [message] = await receiver.waitFor(1);
  const polls = api.requestCount;
  await stage.until('it has polled twice more', () => api.requestCount >= polls + 2);
  program.kill('SIGTERM');
  expect(await program.ended).toMatchObject({ code: 0, signal: null, stdout: [] });

  expect(receiver.messages).toHaveLength(1);
  if (message === undefined) return;
  const { method, path, headers, json, body } = message;
  const { timestamp, data } = json as { timestamp: string; data: { recording: { url: string } } };
  const { url } = data.recording;
  expect(JSON.parse(body)).toEqual({
    type: 'recording.available',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    data: {
      source: 'production',
      recording: {
        uuid,
        roomId: 'Größe & <Maß> 🎬',
        meetingId: 'm-1',
        status: 'available',
        createdAt: '2024-05-13T17:14:00.941Z',
        url: expect.stringMatching(`^${api.url}/files/${uuid}\\.mp4\\?AWSAccessKeyId=.+&Expires=\\d+&Signature=.+$`),
        urlExpiresAt: new Date(Number(new URL(url).searchParams.get('Expires')) * 1_000).toISOString(),
      },
      previousStatus: 'processing',
      occurrence: 1,
    },
  });
  expect(Date.parse(timestamp)).toBeGreaterThanOrEqual(beforeMs);
  expect(Date.parse(timestamp)).toBeLessThanOrEqual(Date.now());
  expect((await fetch(url)).status).toBe(200);
  expect([method, path]).toEqual(['POST', '/in']);
  expect(headers).toEqual({
    host: `127.0.0.1:${hookPort}`,
    connection: 'keep-alive',
    'user-agent': `recording-notifier/${VERSION}`,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'webhook-id': expectedEventId('recording.available', 'production', uuid, 1),
    'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
    'webhook-signature': expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
  });
  expect(() => new Webhook(SIGNING_SECRET).verify(body, headers)).not.toThrow();
});

const SEED = {
  uuid: 'RECORDING_ID',
  url: 'https://.../',
  roomId: 'ROOM_ID',
  status: 'processing',
  meetingId: 'MEETING_ID',
  createdAt: '2024-05-13T17:14:00.941Z',
};

test('the documented answer, a bare array of one row, works', async () => {
  const api = await stage.api({ mode: { form: 'array' }, recordings: [{ uuid: SEED.uuid, overrides: SEED }] });
  const receiver = await stage.receiver();
  const program = await stage.start(['run'], { config: configOf(api, receiver) });
  expect(await stage.untilLog(program, /^first poll complete/)).toMatchObject({
    rows: 1,
    remembered: 1,
    processing: 1,
  });
  api.recordings.update(SEED.uuid, { status: 'available', overrides: { ...SEED, status: 'available' } });
  const [message] = await receiver.waitFor(1);
  expect(message?.id).toBe(expectedEventId('recording.available', 'production', 'RECORDING_ID', 1));
  const { url: _, ...rest } = SEED;
  expect(message?.json).toMatchObject({
    data: { recording: { ...rest, status: 'available', url: 'https://.../', urlExpiresAt: null } },
  });
});

test.each([
  { name: 'as asked for', size: 10, pageSizeMax: null },
  { name: 'although 100 were asked for', size: 100, pageSizeMax: 10 },
])('an envelope of 35 rows at 10 a page is seen whole, $name', async ({ size, pageSizeMax }) => {
  const api = await stage.api({ mode: { pageSizeMax } });
  const receiver = await stage.receiver();
  const program = await stage.start(['run'], { config: configOf(api, receiver, { paging: { size } }) });
  await stage.untilLog(program, /^first poll complete/);
  const uuids = Array.from({ length: 35 }, () => api.recordings.add({ status: 'available' }));
  await receiver.waitFor(35);
  expect(receiver.messages.map(uuidOf).sort()).toEqual(uuids.sort());
  expect(api.requests.some(({ query }) => query['page'] === '4' && query['take'] === String(size))).toBe(true);
});

function configOf(api: Parameters<typeof sourceOf>[0], receiver: Parameters<typeof webhookTo>[0], more: object = {}) {
  return { sources: { production: sourceOf(api, more) }, sinks: { hook: webhookTo(receiver) } };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
