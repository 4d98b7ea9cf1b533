import { createPrivateKey, randomBytes } from 'node:crypto';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { LookupAll } from '../../src/http/address-guard.js';
import { failureOf } from '../../src/http/failure.js';
import { createRoutes } from '../../src/http/routes.js';
import type { HttpRoute } from '../../src/ports.js';
import { AUTHORITY, issuedCertificate, selfSignedCertificate } from '../support/certificate.js';
import { startForwardProxy } from '../support/forward-proxy.js';
import { until } from '../support/turn.js';
import { greet } from '../support/zoo.js';
import { createStage, NEVER, post, TIMEOUT_MS } from './stage.js';

const stage = createStage();
const service = issuedCertificate('service');
const client = issuedCertificate('client');
const stranger = selfSignedCertificate('stranger');
const asking = { ...service, ca: AUTHORITY, requestCert: true, rejectUnauthorized: true };

/** What a request and a trial of the connection by this route come to, each over connections of its own. */
async function tryBoth(port: number, route?: HttpRoute) {
  const http = stage.clientWith();
  const url = `https://127.0.0.1:${port}/`;
  const answer = await http.request(post(url, { route }));
  return { answer, trial: await http.connect(url, TIMEOUT_MS, NEVER, route) };
}

describe('a private authority', () => {
  test.each([
    { name: 'the authority itself', ca: AUTHORITY },
    { name: 'a certificate that is no root', ca: service.cert },
    { name: 'one of several', ca: `${stranger.cert}\n${AUTHORITY}` },
  ])('vouches: $name', async ({ ca }) => {
    const { port } = await stage.visit(greet, service);
    const { answer, trial } = await tryBoth(port, { tls: { ca } });
    expect(answer).toMatchObject({ status: 204 });
    expect(trial).toBeUndefined();
  });

  const expired = selfSignedCertificate('expired');
  test.each([
    {
      name: 'is not given',
      tls: service,
      ca: undefined,
      want: /cannot be trusted \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)$/,
      wants: 'ca',
    },
    {
      name: 'is another one',
      tls: service,
      ca: stranger.cert,
      want: /cannot be trusted \(UNABLE_TO_GET_ISSUER_CERT_LOCALLY\)$/,
      wants: 'ca',
    },
    {
      name: 'has issued what has expired',
      tls: expired,
      ca: expired.cert,
      want: /expired \(CERT_HAS_EXPIRED\)$/,
      wants: undefined,
    },
  ])('is named in what goes wrong: it $name', async ({ tls, ca, want, wants }) => {
    const { port, requests } = await stage.visit(greet, tls);
    const { answer, trial } = await tryBoth(port, { tls: { ca } });
    const failure = { kind: 'failure', reason: 'tls_failed', detail: expect.stringMatching(want) };
    expect([answer, trial]).toMatchObject([failure, failure]);
    expect([answer, trial].map((each) => (each?.kind === 'failure' ? each.wants : 'none'))).toEqual([wants, wants]);
    expect(requests).toEqual([]);
  });

  test('stands in place of those of the system', async () => {
    const here = selfSignedCertificate('here');
    const systemCertificates = getCACertificates('default');
    setDefaultCACertificates([...systemCertificates, here.cert]);
    const { port } = await stage.visit(greet, here);
    const [own, systems] = [await tryBoth(port, { tls: { ca: AUTHORITY } }), await tryBoth(port)];
    setDefaultCACertificates(systemCertificates);
    expect(own.answer).toMatchObject({ reason: 'tls_failed' });
    expect(systems.answer).toMatchObject({ status: 204 });
  });
});

describe('a client certificate', () => {
  const encrypted = createPrivateKey(client.key).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'open',
  }) as string;

  test.each([
    { name: 'as it is', tls: { ca: AUTHORITY, ...client } },
    { name: 'with an encrypted key', tls: { ca: AUTHORITY, cert: client.cert, key: encrypted, passphrase: 'open' } },
  ])('is shown $name', async ({ tls }) => {
    const { port } = await stage.visit(greet, asking);
    const { answer, trial } = await tryBoth(port, { tls });
    expect(answer).toMatchObject({ status: 204, headers: { 'x-greeted': 'client' } });
    expect(trial).toBeUndefined();
  });

  test.each([
    { version: 'TLSv1.3', want: /a certificate of ours is asked for \(ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED\)$/ },
    { version: 'TLSv1.2', want: /the TLS handshake was refused \(ERR_SSL_.*HANDSHAKE_FAILURE\)$/ },
  ] as const)('that is missing is asked for under $version', async ({ version, want }) => {
    const { port, requests } = await stage.visit(greet, { ...asking, maxVersion: version });
    const { answer, trial } = await tryBoth(port, { tls: { ca: AUTHORITY } });
    const detail = expect.stringMatching(want);
    const failure = { kind: 'failure', reason: 'tls_failed', detail, wants: 'client_certificate' };
    expect([answer, trial]).toEqual([failure, failure]);
    expect(requests).toEqual([]);
  });

  test('of another authority is refused, by the end of the connection at the least', async () => {
    const { port, requests } = await stage.visit(greet, asking);
    const { answer, trial } = await tryBoth(port, { tls: { ca: AUTHORITY, ...stranger } });
    expect([answer, trial]).toMatchObject([{ reason: 'connection_failed' }, { reason: 'connection_failed' }]);
    expect(requests).toEqual([]);
  });

  test.each([
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
    'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
    'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED',
    'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN',
  ])('that a server refuses by %s is called so', (code) => {
    expect(failureOf({ code }, 'a.example')).toEqual({
      kind: 'failure',
      reason: 'tls_failed',
      detail: `a.example: our certificate is not taken (${code})`,
      wants: 'client_certificate',
    });
  });
});

test('a server of TLS 1.3 that says nothing after the handshake is within reach after a second', async () => {
  const { SSL_OP_NO_TICKET } = await import('node:constants');
  const { port, connections } = await stage.visit(greet, { ...service, secureOptions: SSL_OP_NO_TICKET });
  const trial = stage.clientWith().connect(`https://127.0.0.1:${port}/`, TIMEOUT_MS, NEVER, { tls: { ca: AUTHORITY } });
  await connections.reach(1);
  // The time of the trial itself, and that for a refusal.
  await until(() => stage.clock.timers() === 2);
  stage.clock.advance(1_000);
  await expect(trial).resolves.toBeUndefined();
});

test('a trial is a whole handshake, also with a server that resumes', async () => {
  const resuming = { maxVersion: 'TLSv1.2', ticketKeys: randomBytes(48) } as const;
  const { port, present } = await stage.visit(greet, { ...resuming, ...service });
  const http = stage.clientWith();
  const trial = () => http.connect(`https://127.0.0.1:${port}/`, TIMEOUT_MS, NEVER, { tls: { ca: AUTHORITY } });
  expect(await trial()).toBeUndefined();
  // Its sessions go on, and nobody looks at a certificate in one that does.
  present({ ...resuming, ...stranger });
  expect(await trial()).toMatchObject({ reason: 'tls_failed' });
});

test('connections are those of equal routes; a renewed certificate opens a new one', async () => {
  const { port, connections } = await stage.visit(greet, asking);
  const http = stage.clientWith();
  const greeted = async (certificate: typeof client) => {
    const route = { tls: { ca: AUTHORITY, ...certificate } };
    const answer = await http.request(post(`https://127.0.0.1:${port}/`, { route, bodyBytesMax: 10 }));
    return answer.kind === 'answer' ? answer.headers['x-greeted'] : answer.detail;
  };
  const renewed = issuedCertificate('renewed');
  for (let index = 0; index < 10; index += 1) expect(await greeted({ ...client })).toBe('client');
  // The next request may start a moment before the last one's connection is free.
  expect(connections.count).toBeLessThanOrEqual(2);
  for (let index = 0; index < 10; index += 1) expect(await greeted({ ...renewed })).toBe('renewed');
  expect(connections.count).toBeLessThanOrEqual(4);
});

test('a key that cannot be read is a failure and no exception', async () => {
  const { port } = await stage.visit(greet, service);
  const { answer, trial } = await tryBoth(port, { tls: { cert: 'none', key: 'none' } });
  expect([answer, trial]).toMatchObject([{ reason: 'connection_failed' }, { reason: 'connection_failed' }]);
});

test('six hundred routes are kept open, and the one that was used the longest ago ends', async () => {
  const routes = createRoutes({ privateAddresses: 'deny' });
  const of = (index: number) => routes.dispatchersFor({ proxy: `http://proxy-${index}.example` });
  const [first, second] = [of(0), of(1)];
  for (let index = 2; index < 600; index += 1) of(index);
  expect(of(0)).toBe(first);
  of(600);
  expect(of(0)).toBe(first);
  expect(of(1)).not.toBe(second);
  await routes.close();
});

describe('the guard of addresses holds on a route', () => {
  const route = { tls: { ca: AUTHORITY, ...client } };

  test.each([
    { name: 'metadata', privateAddresses: 'allow', host: '169.254.169.254', route },
    {
      name: 'metadata, before a proxy hears of it',
      privateAddresses: 'allow',
      host: '169.254.169.254',
      route: { proxy: 'http://127.0.0.1:1' },
    },
    { name: 'loopback', privateAddresses: 'deny', host: '127.0.0.1', route },
    { name: 'a name that leads there', privateAddresses: 'deny', host: 'rebind.example', route },
  ] as const)('$name', async ({ privateAddresses, host, route: given }) => {
    const lookup: LookupAll = (_hostname, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]);
    const { port, connections } = await stage.visit(greet, service);
    const http = stage.clientWith({ privateAddresses, lookup });
    const url = `https://${host}:${port}/`;
    const forbidden = { reason: 'address_forbidden' };
    expect(await http.request(post(url, { route: given }))).toMatchObject(forbidden);
    expect(await http.connect(url, TIMEOUT_MS, NEVER, given)).toMatchObject(forbidden);
    expect(connections.count).toBe(0);
  });
});

describe('a proxy of its own', () => {
  test('goes before that of the environment, and authority and certificate are for what is behind it', async () => {
    const proxy = await startForwardProxy();
    const { port } = await stage.visit(greet, asking);
    const http = stage.clientWith({ proxyEnv: { HTTPS_PROXY: 'http://127.0.0.1:1' } });
    const url = `https://inside.example:${port}/`;
    const own = `http://me:p@127.0.0.1:${proxy.port}`;
    const full = await http.request(post(url, { route: { proxy: own, tls: { ca: AUTHORITY, ...client } } }));
    const bare = await http.request(post(url, { route: { proxy: own, tls: { ca: AUTHORITY } } }));
    const unknown = await http.request(post(url, { route: { proxy: own } }));
    const trial = (tls: HttpRoute['tls']) => http.connect(url, TIMEOUT_MS, NEVER, { proxy: own, tls });
    const trials = [await trial({ ca: AUTHORITY, ...client }), await trial({ ca: AUTHORITY }), await trial(undefined)];
    proxy.close();
    expect(trials).toEqual([undefined, bare, unknown]);
    expect(full).toMatchObject({ status: 204, headers: { 'x-greeted': 'client' } });
    expect(bare).toMatchObject({ reason: 'tls_failed', wants: 'client_certificate' });
    expect(unknown).toMatchObject({ reason: 'tls_failed', wants: 'ca' });
    expect(proxy.seen).toHaveLength(6);
  });

  test('off goes past that of the environment', async () => {
    const { port } = await stage.visit(greet);
    const http = stage.clientWith({ proxyEnv: { HTTP_PROXY: 'http://127.0.0.1:1' } });
    const url = `http://127.0.0.1:${port}/`;
    expect(await http.request(post(url))).toMatchObject({ kind: 'failure' });
    expect(await http.request(post(url, { route: { proxy: 'off' } }))).toMatchObject({ status: 204 });
    expect(await http.connect(url, TIMEOUT_MS, NEVER, { proxy: 'off' })).toBeUndefined();
  });
});
