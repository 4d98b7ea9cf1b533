import { createServer } from 'node:net';
import { type ReceiverOptions, startReceiver } from '../../src/fake/receiver.js';
import { sign } from '../../src/sinks/standard-webhooks.js';
import { createManualClock } from '../support/manual-clock.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const PRIVATE_KEY = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';
const PUBLIC_KEY = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';

async function withReceiver(
  options: Partial<ReceiverOptions>,
  use: (receiver: Awaited<ReturnType<typeof startReceiver>>) => Promise<void>,
): Promise<void> {
  const receiver = await startReceiver({ clock: createManualClock(), ...options });
  await use(receiver).finally(receiver.close);
}

function send(url: string, body: string, { id = 'evt_1', ageSeconds = 0, secret = SECRET } = {}): Promise<Response> {
  const timestampSeconds = Math.floor(createManualClock().nowMs() / 1_000) - ageSeconds;
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': sign([secret], { id, timestampSeconds, body }),
  };
  return fetch(url, { method: 'POST', body, headers });
}

test.each([
  { name: 'genuine', message: {}, status: 204, problem: undefined },
  {
    name: 'signed by somebody else',
    message: { secret: `whsec_${'A'.repeat(32)}` },
    status: 401,
    problem: 'no signature matches',
  },
  { name: 'signed by a private key', message: { secret: PRIVATE_KEY }, status: 204, problem: undefined },
  { name: 'old', message: { ageSeconds: 400 }, status: 401, problem: 'the timestamp is over five minutes off' },
])('a message that is $name', async ({ message, status, problem }) => {
  await withReceiver({ secrets: [SECRET, PUBLIC_KEY] }, async ({ url, messages }) => {
    expect((await send(`${url}in?a=1`, '{"é":1}', message)).status).toBe(status);
    expect(messages).toMatchObject([
      { number: 1, method: 'POST', path: '/in?a=1', id: 'evt_1', body: '{"é":1}', json: { é: 1 } },
    ]);
    expect(messages[0]?.problem).toBe(problem);
  });
});

test('without secrets nothing is checked', async () => {
  await withReceiver({}, async ({ url, messages }) => {
    expect((await fetch(url, { method: 'POST', body: 'no JSON' })).status).toBe(204);
    expect(messages).toMatchObject([{ id: '', body: 'no JSON', json: undefined, problem: undefined }]);
  });
});

test('a repeat is told by its id', async () => {
  await withReceiver({}, async ({ url, messages }) => {
    for (const id of ['evt_1', 'evt_2', 'evt_1']) await send(url, '{}', { id });
    expect(messages.map(({ arrival }) => arrival)).toEqual([1, 1, 2]);
  });
});

test('answers as it is told to', async () => {
  const respond: ReceiverOptions['respond'] = ({ number }) =>
    number === 1 ? { status: 503, headers: { 'retry-after': '7' }, body: 'later' } : { status: 200 };
  await withReceiver({ respond }, async ({ url }) => {
    const first = await send(url, '{}');
    expect([first.status, first.headers.get('retry-after'), await first.text()]).toEqual([503, '7', 'later']);
    expect((await send(url, '{}')).status).toBe(200);
  });
});

test('an answer that fails closes the connection and nothing else', async () => {
  const respond: ReceiverOptions['respond'] = ({ number }) => {
    if (number === 1) throw new Error('out of order');
    return { status: 200 };
  };
  await withReceiver({ respond }, async ({ url }) => {
    await expect(send(url, '{}')).rejects.toThrow();
    expect((await send(url, '{}')).status).toBe(200);
  });
});

test('waits for messages that have come and for those to come', async () => {
  const numbers: number[] = [];
  await withReceiver({ onMessage: ({ number }) => numbers.push(number) }, async ({ url, waitFor }) => {
    const [two] = await Promise.all([waitFor(2), send(url, '{}'), send(url, '{}')]);
    expect(two).toHaveLength(2);
    await expect(waitFor(1)).resolves.toBe(two);
    expect(numbers).toEqual([1, 2]);
  });
});

test('who waits hears that it is closed', async () => {
  const receiver = await startReceiver({ clock: createManualClock() });
  const waiting = receiver.waitFor(1);
  await Promise.all([receiver.close(), expect(waiting).rejects.toThrow(/closed after 0 of 1/)]);
});

test('a body over a mebibyte is refused', async () => {
  await withReceiver({}, async ({ url, messages }) => {
    // The connection may be cut while the rest is being sent, which is an error to who sends.
    const status = await send(url, 'x'.repeat(1024 * 1024 + 1)).then(
      (answered) => answered.status,
      () => 413,
    );
    expect(status).toBe(413);
    expect(messages).toEqual([]);
  });
});

test('a port that is taken is an error', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => void taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  await expect(startReceiver({ clock: createManualClock(), port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  taken.close();
});
