import { execFileSync } from 'node:child_process';

/** A self-signed certificate for 127.0.0.1 and its key, both PEM. */
export function selfSignedCertificate(subjectAltName = 'IP:127.0.0.1'): {
  readonly key: string;
  readonly cert: string;
} {
  const options = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=zoo'];
  const pem = execFileSync(
    'openssl',
    ['req', '-x509', ...options, '-addext', `subjectAltName=${subjectAltName}`, '-keyout', '-', '-out', '-'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const certAt = pem.indexOf('-----BEGIN CERTIFICATE-----');
  return { key: pem.slice(0, certAt), cert: pem.slice(certAt) };
}
