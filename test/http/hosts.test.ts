import type { LookupAll } from '../../src/http/address-guard.js';
import { answer } from '../support/zoo.js';
import { createStage, NEVER, post, TIMEOUT_MS } from './stage.js';

const stage = createStage();

test.each(['127.0.0.1', '127.1', '2130706433', '0x7f.1', '１２７．０．０．１', '[::ffff:127.0.0.1]', 'localhost'])(
  'under deny nothing reaches loopback by %s',
  async (host) => {
    const { port, connections } = await stage.visit(answer(200));
    const http = stage.clientWith({ privateAddresses: 'deny' });
    await expect(http.request(post(`http://${host}:${port}/`))).resolves.toMatchObject({ reason: 'address_forbidden' });
    await expect(http.connect(`http://${host}:${port}/`, TIMEOUT_MS, NEVER)).resolves.toMatchObject({
      reason: 'address_forbidden',
    });
    expect(connections.count).toBe(0);
  },
);

test.each(['169.254.169.254', '2852039166', '[::ffff:169.254.169.254]', '[fe80::1]', '0.0.0.0'])(
  'under allow, too, nothing goes to %s',
  async (host) => {
    await expect(stage.clientWith().request(post(`http://${host}/`))).resolves.toMatchObject({
      reason: 'address_forbidden',
      detail: expect.stringContaining('always refused'),
    });
  },
);

test('a name that is rebound between two requests gains nothing', async () => {
  const { port, connections } = await stage.visit(answer(204, { connection: 'close' }));
  const answers = ['127.0.0.1', '169.254.169.254'];
  const rebinding: LookupAll = (_hostname, _options, callback) =>
    callback(null, [{ address: answers.shift() ?? '', family: 4 }]);
  const http = stage.clientWith({ lookup: rebinding });
  const url = `http://rebind.example:${port}/`;
  await expect(http.request(post(url))).resolves.toMatchObject({ kind: 'answer' });
  await expect(http.request(post(url))).resolves.toMatchObject({ reason: 'address_forbidden' });
  expect(connections.count).toBe(1);
});

test.each([
  { code: 'ENOTFOUND', want: 'dns_failed' },
  { code: 'EAI_AGAIN', want: 'dns_failed' },
])('a lookup that fails with $code', async ({ code, want }) => {
  const failing: LookupAll = (_hostname, _options, callback) => callback(Object.assign(new Error(), { code }), []);
  await expect(stage.clientWith({ lookup: failing }).request(post('http://example.com/'))).resolves.toMatchObject({
    reason: want,
    detail: expect.stringMatching(new RegExp(`^example\\.com: .* \\(${code}\\)$`)),
  });
});
