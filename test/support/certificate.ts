import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, 'certificates');

/**
 * A self-signed certificate and its key, both PEM, that work for a hundred years and for tests only. `here` and `stranger` are for
 * 127.0.0.1, `elsewhere` is for another host; `expired` was for 127.0.0.1 for a day in 2020. Made by `openssl req -x509`, and kept, since not every machine has that.
 */
export function selfSignedCertificate(name: 'here' | 'stranger' | 'elsewhere' | 'expired'): {
  readonly key: string;
  readonly cert: string;
} {
  const read = (part: string) => readFileSync(join(FOLDER, `${name}.${part}.pem`), 'utf8');
  return { key: read('key'), cert: read('cert') };
}

/**
 * A certificate that the private authority below has issued, likewise: `service` is a server at 127.0.0.1 and inside.example, `client`
 * and `renewed` are for who connects.
 */
export function issuedCertificate(name: 'service' | 'client' | 'renewed'): {
  readonly key: string;
  readonly cert: string;
} {
  return {
    key: readFileSync(join(FOLDER, `${name}.key.pem`), 'utf8'),
    cert: readFileSync(join(FOLDER, `${name}.cert.pem`), 'utf8'),
  };
}

/** Its key is gone. */
export const AUTHORITY = readFileSync(join(FOLDER, 'authority.cert.pem'), 'utf8');
