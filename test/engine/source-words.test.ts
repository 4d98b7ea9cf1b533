import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { troubleOf } from '../../src/engine/trouble.js';
import { createStage } from '../http/stage.js';
import { selfSignedCertificate } from '../support/certificate.js';
import { answer } from '../support/zoo.js';
import { openPollStage } from './poll-stage.js';

const BASE_URL = 'sources\\.production\\.baseUrl';

/** What `source.failing` says of a poll of this address. */
async function troubleAt(baseUrl: string) {
  await using stage = await openPollStage({ settings: { baseUrl } });
  return troubleOf(await stage.poll());
}

describe('what operators read of a source that is gone for good', () => {
  const stage = createStage();
  const expired = selfSignedCertificate('expired');
  const systemCertificates = getCACertificates('default');

  beforeAll(() => setDefaultCACertificates([...systemCertificates, expired.cert]));
  afterAll(() => setDefaultCACertificates(systemCertificates));

  test('an unknown host', async () => {
    const want = new RegExp(
      `^nowhere\\.invalid: the name (has no address|server did not answer) \\(\\w+\\); check the name in ${BASE_URL}, and the name server of this machine$`,
    );
    const trouble = { reason: 'unreachable', message: expect.stringMatching(want) };
    expect(await troubleAt('https://nowhere.invalid')).toMatchObject(trouble);
  });

  test('a port where nobody listens', async () => {
    const gone = await stage.visit(answer(204));
    await gone.close();
    const want = `^127\\.0\\.0\\.1:${gone.port}: the connection was refused \\(ECONNREFUSED\\); check the network and ${BASE_URL}$`;
    const trouble = { reason: 'unreachable', message: expect.stringMatching(want) };
    expect(await troubleAt(`http://127.0.0.1:${gone.port}`)).toMatchObject(trouble);
  });

  test.each([
    {
      name: 'self-signed',
      tls: selfSignedCertificate('stranger'),
      want: 'is self-signed (DEPTH_ZERO_SELF_SIGNED_CERT)',
    },
    { name: 'expired', tls: expired, want: 'has expired (CERT_HAS_EXPIRED)' },
  ])('a certificate that is $name', async ({ tls, want }) => {
    const { port, requests } = await stage.visit(answer(200, {}, '[]'), tls);
    const trouble = await troubleAt(`https://127.0.0.1:${port}`);
    expect(trouble).toMatchObject({ reason: 'unreachable', isRefusal: false });
    expect(trouble?.message).toContain(`: the certificate ${want}; no credential was sent; check the host in`);
    expect(trouble?.message).toMatch(/renew the certificate, or a proxy .* NODE_EXTRA_CA_CERTS$/);
    expect(requests).toEqual([]);
  });

  test.each([
    {
      name: '410',
      came: answer(410, {}, '{"message":"Gone"}'),
      reason: 'gone',
      want: `^status 410 \\(message "Gone"\\); the platform says that its list is gone for good; ask it where the API is now, and check ${BASE_URL}$`,
    },
    {
      name: 'a login page with 200',
      came: answer(200, { 'content-type': 'text/html' }, '<!doctype html><form action="/login">'),
      reason: 'bad_answer',
      want: `^status 200 with HTML instead of JSON \\(text/html\\); something else answers in place of the API, such as a login page; check ${BASE_URL} and any proxy$`,
    },
    {
      name: 'a redirect to another host',
      came: answer(302, { location: 'https://login.example/sso?token=t0p' }),
      reason: 'server_error',
      want: `^status 302, a redirect to login\\.example; a redirect is not followed, since .*; check ${BASE_URL}$`,
    },
    {
      name: 'a redirect to nowhere',
      came: answer(301, { location: '/v2/recording?token=t0p' }),
      reason: 'server_error',
      want: `^status 301; a redirect is not followed, since .*; check ${BASE_URL}$`,
    },
  ])('$name', async ({ came, reason, want }) => {
    const { port } = await stage.visit(came);
    const trouble = { reason, message: expect.stringMatching(want) };
    expect(await troubleAt(`http://127.0.0.1:${port}`)).toMatchObject(trouble);
  });
});
