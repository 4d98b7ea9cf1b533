import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { selfSignedCertificate } from '../support/certificate.js';
import { answer } from '../support/zoo.js';
import { createStage, NEVER, post, TIMEOUT_MS } from './stage.js';

const stage = createStage();

describe('TLS', () => {
  const trusted = selfSignedCertificate('here');
  const misnamed = selfSignedCertificate('elsewhere');
  const unknown = selfSignedCertificate('stranger');
  const systemCertificates = getCACertificates('default');

  beforeAll(() => setDefaultCACertificates([...systemCertificates, trusted.cert, misnamed.cert]));
  afterAll(() => setDefaultCACertificates(systemCertificates));

  test('a certificate that is trusted', async () => {
    const { port } = await stage.visit(answer(204), trusted);
    await expect(stage.clientWith().request(post(`https://127.0.0.1:${port}`))).resolves.toMatchObject({ status: 204 });
    await expect(stage.clientWith().connect(`https://127.0.0.1:${port}`, TIMEOUT_MS, NEVER)).resolves.toBeUndefined();
  });

  test.each([
    { name: 'self-signed', tls: unknown, want: /self-signed \(DEPTH_ZERO_SELF_SIGNED_CERT\)$/ },
    { name: 'for another name', tls: misnamed, want: /another name \(ERR_TLS_CERT_ALTNAME_INVALID\)$/ },
  ])('a certificate that is not: $name', async ({ tls, want }) => {
    const { port, requests } = await stage.visit(answer(204), tls);
    const failure = { kind: 'failure', reason: 'tls_failed', detail: expect.stringMatching(want) };
    const http = stage.clientWith();
    await expect(http.request(post(`https://127.0.0.1:${port}`))).resolves.toMatchObject(failure);
    await expect(http.connect(`https://127.0.0.1:${port}`, TIMEOUT_MS, NEVER)).resolves.toMatchObject(failure);
    expect(requests).toEqual([]);
  });

  test('a server that speaks no TLS', async () => {
    const plain = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await once(plain.listen(0, '127.0.0.1'), 'listening');
    const { port } = plain.address() as AddressInfo;
    await expect(stage.clientWith().request(post(`https://127.0.0.1:${port}`))).resolves.toMatchObject({
      reason: 'tls_failed',
    });
    plain.close();
  });
});
