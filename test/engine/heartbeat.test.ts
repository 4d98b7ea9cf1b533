import { createHeartbeat } from '../../src/engine/heartbeat.js';
import { type Receiver, type ReceiverAnswer, startReceiver } from '../../src/fake/receiver.js';
import { createHttpClient } from '../../src/http/client.js';
import { createManualClock } from '../support/manual-clock.js';
import { createMemoryLog } from '../support/memory-log.js';
import { realClock } from '../support/real-clock.js';

const TOKEN = 'ping-token-2f81';

async function stand(receiver: Receiver, sources: readonly string[] = ['a', 'b']) {
  const [clock, log] = [createManualClock(), createMemoryLog()];
  const http = createHttpClient({ privateAddresses: 'allow', clock, userAgent: 'test' });
  const at: { url: string | undefined; sources: readonly string[] } = { url: `${receiver.url}${TOKEN}`, sources };
  const heartbeat = createHeartbeat({ url: () => at.url, sources: () => at.sources, http, clock, log });
  async function round(names = at.sources): Promise<void> {
    for (const name of names) heartbeat.note(name);
    await heartbeat.beat();
  }
  return { at, clock, log, heartbeat, round, [Symbol.asyncDispose]: () => http.close() };
}

async function listening(respond: () => ReceiverAnswer | Promise<ReceiverAnswer> = () => ({ status: 200 })) {
  const receiver = await startReceiver({ clock: realClock, respond });
  return { ...receiver, [Symbol.asyncDispose]: () => receiver.close() };
}

test('a round is over when every source has had a complete poll since the last one', async () => {
  await using receiver = await listening();
  await using stage = await stand(receiver);
  await stage.round(['a']);
  await stage.round(['a']);
  expect(receiver.messages).toEqual([]);
  await stage.round(['b']);
  expect(receiver.messages).toMatchObject([{ method: 'GET', path: `/${TOKEN}`, body: '' }]);
  await stage.round(['b']);
  await stage.round([]);
  expect(receiver.messages).toHaveLength(1);
  await stage.round(['a']);
  expect(receiver.messages).toHaveLength(2);
  expect(stage.log.lines).toEqual([]);
});

test('what changes with a reload counts from the next round on', async () => {
  await using receiver = await listening();
  await using stage = await stand(receiver);
  await stage.round(['a']);
  stage.at.sources = ['a'];
  stage.heartbeat.reset();
  await stage.round([]);
  expect(receiver.messages).toEqual([]);
  stage.at.url = undefined;
  await stage.round();
  expect(receiver.messages).toEqual([]);
  stage.at.url = `${receiver.url}other`;
  await stage.round();
  expect(receiver.messages).toMatchObject([{ path: '/other' }]);
});

test('no source, no sign of life', async () => {
  await using receiver = await listening();
  await using stage = await stand(receiver, []);
  await stage.round();
  expect(receiver.messages).toEqual([]);
});

test('a series of failures is warned of once, without the URL, and so is its end', async () => {
  let status = 500;
  await using receiver = await listening(() => ({ status, headers: { location: '/elsewhere' }, body: TOKEN }));
  await using stage = await stand(receiver);
  for (status of [500, 302, 404, 204]) await stage.round();
  stage.clock.advance(600_000);
  status = 503;
  await stage.round();
  const lines = stage.log.lines.map(({ level, fields }) => [level, fields['failedHeartbeats'] ?? fields['reason']]);
  expect(lines).toEqual([
    ['warn', 'HTTP 500'],
    ['debug', 'HTTP 302: redirects are not followed'],
    ['debug', 'HTTP 404'],
    ['info', 3],
    ['warn', 'HTTP 503'],
  ]);
  expect(JSON.stringify(stage.log.lines)).not.toContain(TOKEN);
  expect(receiver.messages).toHaveLength(5);
});

test('whoever says "too many" has heard it', async () => {
  await using receiver = await listening(() => ({ status: 429 }));
  await using stage = await stand(receiver);
  await stage.round();
  expect(stage.log.lines).toEqual([]);
});

test('nobody is there: the host is named, the URL is not', async () => {
  await using receiver = await listening();
  await using stage = await stand(receiver);
  await receiver.close();
  await stage.round();
  expect(stage.log.lines).toMatchObject([{ level: 'warn', fields: { reason: expect.stringContaining('127.0.0.1') } }]);
  expect(JSON.stringify(stage.log.lines)).not.toContain(TOKEN);
});

test('an answer that does not come is given up after ten seconds; meanwhile no second request is made', async () => {
  const never = Promise.withResolvers<ReceiverAnswer>();
  await using receiver = await listening(() => never.promise);
  await using stage = await stand(receiver);
  const first = stage.round();
  await receiver.waitFor(1);
  const second = stage.round();
  stage.clock.advance(9_999);
  expect(stage.log.lines).toEqual([]);
  stage.clock.advance(1);
  await Promise.all([first, second]);
  expect(stage.log.lines).toMatchObject([{ level: 'warn', fields: { durationMs: 10_000 } }]);
  expect(receiver.messages).toHaveLength(1);
  never.resolve({ status: 200 });
});

test('a stop cuts off a request under way, and says nothing of it', async () => {
  const never = Promise.withResolvers<ReceiverAnswer>();
  await using receiver = await listening(() => never.promise);
  await using stage = await stand(receiver);
  const beat = stage.round();
  await receiver.waitFor(1);
  stage.heartbeat.stop();
  await beat;
  await stage.round();
  expect(stage.log.lines).toEqual([]);
  expect(receiver.messages).toHaveLength(1);
  never.resolve({ status: 200 });
});
