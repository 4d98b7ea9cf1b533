import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { createHttpClient } from '../../src/http/client.js';
import { type ProxyEnvironment, proxyRules } from '../../src/http/proxy.js';
import type { HttpClient } from '../../src/ports.js';
import { selfSignedCertificate } from '../support/certificate.js';
import { type ForwardProxy, startForwardProxy } from '../support/forward-proxy.js';
import { createManualClock } from '../support/manual-clock.js';
import { answer, startZoo, type Zoo } from '../support/zoo.js';

const PROXIES = { http_proxy: 'http://plain.example:3128', https_proxy: 'http://secure.example:3128' };

test.each([
  { url: 'http://a.example', env: {}, want: undefined, name: 'no proxy' },
  { url: 'http://a.example', env: PROXIES, want: 'plain.example:3128', name: 'http' },
  { url: 'https://a.example', env: PROXIES, want: 'secure.example:3128', name: 'https' },
  { url: 'https://a.example', env: { HTTP_PROXY: 'http://p' }, want: undefined, name: 'https has its own' },
  {
    url: 'http://a.example',
    env: { HTTP_PROXY: 'http://up', http_proxy: 'http://low' },
    want: 'low',
    name: 'lower case first',
  },
  { url: 'http://a.example', env: { HTTP_PROXY: 'http://up', http_proxy: '' }, want: 'up', name: 'empty is unset' },
  {
    url: 'http://a.example',
    env: { HTTP_PROXY: 'proxy.example:3128' },
    want: 'proxy.example:3128',
    name: 'without a scheme',
  },
  { url: 'http://a.example', env: { ...PROXIES, NO_PROXY: '*' }, want: undefined, name: 'everything is exempt' },
  { url: 'http://a.example', env: { ...PROXIES, NO_PROXY: 'b.example, a.example' }, want: undefined, name: 'a list' },
  { url: 'http://A.example.', env: { ...PROXIES, NO_PROXY: 'a.EXAMPLE' }, want: undefined, name: 'case and final dot' },
  { url: 'http://x.a.example', env: { ...PROXIES, NO_PROXY: 'a.example' }, want: undefined, name: 'a name below' },
  { url: 'http://x.a.example', env: { ...PROXIES, NO_PROXY: '.a.example' }, want: undefined, name: 'a leading dot' },
  { url: 'http://x.a.example', env: { ...PROXIES, NO_PROXY: '*.a.example' }, want: undefined, name: 'a leading star' },
  {
    url: 'http://xa.example',
    env: { ...PROXIES, NO_PROXY: 'a.example' },
    want: 'plain.example:3128',
    name: 'no name below',
  },
  {
    url: 'http://a.example',
    env: { ...PROXIES, NO_PROXY: 'a.example:80' },
    want: undefined,
    name: 'the port that is implied',
  },
  {
    url: 'http://a.example:81',
    env: { ...PROXIES, NO_PROXY: 'a.example:80' },
    want: 'plain.example:3128',
    name: 'another port',
  },
  { url: 'http://[::1]:80', env: { ...PROXIES, NO_PROXY: '::1' }, want: undefined, name: 'IPv6' },
  { url: 'http://[::1]:81', env: { ...PROXIES, NO_PROXY: '[::1]:81' }, want: undefined, name: 'IPv6 with a port' },
  { url: 'http://[::1]:81', env: { ...PROXIES, NO_PROXY: '[::1]' }, want: undefined, name: 'IPv6 in brackets' },
  { url: 'http://10.0.0.1', env: { ...PROXIES, no_proxy: '10.0.0.1' }, want: undefined, name: 'an address' },
])('proxyFor $url: $name', ({ url, env, want }) => {
  expect(proxyRules(env).proxyFor(new URL(url))?.host).toBe(want);
});

test.each(['socks5://user:secret@p', 'http://', 'http://user:%zz-secret@p', 'http://u%C3:%A9secret@p'])(
  'a proxy that cannot be used: %s',
  (proxy) => {
    const parse = () => proxyRules({ HTTPS_PROXY: proxy });
    expect(parse).toThrow(/^HTTPS_PROXY in the environment/);
    expect(parse).not.toThrow(/secret/);
  },
);

describe('through a proxy', () => {
  const certificate = selfSignedCertificate('here');
  const systemCertificates = getCACertificates('default');
  let proxy: ForwardProxy;
  let zoo: Zoo;
  let client: HttpClient;

  beforeAll(() => setDefaultCACertificates([...systemCertificates, certificate.cert]));
  afterAll(() => setDefaultCACertificates(systemCertificates));

  beforeEach(async () => {
    proxy = await startForwardProxy();
  });

  afterEach(async () => {
    await client.close();
    await zoo.close();
    proxy.close();
  });

  function clientBehind(proxyEnv: ProxyEnvironment): HttpClient {
    client = createHttpClient({ privateAddresses: 'allow', clock: createManualClock(), userAgent: 'test', proxyEnv });
    return client;
  }

  function get(url: string) {
    const { signal } = new AbortController();
    return client.request({ method: 'GET', url, headers: {}, timeoutMs: 20_000, bodyBytesMax: 100, signal });
  }

  test('http is forwarded; the name is for the proxy to resolve', async () => {
    zoo = await startZoo(answer(200, {}, 'ok'));
    clientBehind({ HTTP_PROXY: `http://me:p%40ss@127.0.0.1:${proxy.port}` });
    await expect(get(`http://inside.example:${zoo.port}/in`)).resolves.toMatchObject({
      status: 200,
      body: Buffer.from('ok'),
    });
    expect(proxy.seen).toEqual([
      `GET http://inside.example:${zoo.port}/in Basic ${Buffer.from('me:p@ss').toString('base64')}`,
    ]);
  });

  test('https is tunnelled, and the certificate is that of the target', async () => {
    zoo = await startZoo(answer(200, {}, 'ok'), certificate);
    clientBehind({ HTTPS_PROXY: `http://me:p@127.0.0.1:${proxy.port}` });
    await expect(get(`https://127.0.0.1:${zoo.port}/in`)).resolves.toMatchObject({ status: 200 });
    await expect(get(`https://inside.example:${zoo.port}/in`)).resolves.toMatchObject({ reason: 'tls_failed' });
    expect(proxy.seen).toHaveLength(2);
  });

  test('a proxy that refuses is a failed connection', async () => {
    zoo = await startZoo(answer(200), certificate);
    clientBehind({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` });
    await expect(get(`https://inside.example:${zoo.port}/in`)).resolves.toMatchObject({
      reason: 'connection_failed',
      detail: expect.stringContaining('the proxy refused'),
    });
  });

  test('metadata addresses are refused before the proxy hears of them', async () => {
    zoo = await startZoo(answer(200));
    clientBehind({ HTTP_PROXY: `http://127.0.0.1:${proxy.port}` });
    await expect(get('http://169.254.169.254/')).resolves.toMatchObject({ reason: 'address_forbidden' });
    expect(proxy.seen).toEqual([]);
  });

  test.each([
    { name: 'to the certificate of the target', host: '127.0.0.1', login: 'me:p%40ss@', want: undefined },
    { name: 'which is for another name', host: 'inside.example', login: 'me:p%40ss@', want: 'tls_failed' },
    { name: 'and no further than the proxy leads', host: '127.0.0.1', login: '', want: 'connection_failed' },
  ])('connect goes through a tunnel for https, $name', async ({ host, login, want }) => {
    zoo = await startZoo(answer(200), certificate);
    const { signal } = new AbortController();
    clientBehind({ HTTPS_PROXY: `http://${login}127.0.0.1:${proxy.port}` });
    expect((await client.connect(`https://${host}:${zoo.port}/`, 20_000, signal))?.reason).toBe(want);
    const sent = login === '' ? undefined : `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
    expect(proxy.seen).toEqual([`CONNECT ${host}:${zoo.port} ${sent}`]);
    expect(zoo.requests).toEqual([]);
  });

  test('connect goes as far as the proxy for http', async () => {
    zoo = await startZoo(answer(200));
    const { signal } = new AbortController();
    clientBehind({ HTTP_PROXY: `http://127.0.0.1:${proxy.port}` });
    await expect(client.connect('http://inside.example/', 1_000, signal)).resolves.toBeUndefined();
  });

  test('NO_PROXY goes straight', async () => {
    zoo = await startZoo(answer(200));
    clientBehind({ HTTP_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: '127.0.0.1' });
    await expect(get(`http://127.0.0.1:${zoo.port}/`)).resolves.toMatchObject({ status: 200 });
    expect(proxy.seen).toEqual([]);
  });
});
