import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../src/config/load.js';
import { formatProblem } from '../src/config/problem.js';
import { AUTHORITY, issuedCertificate } from './support/certificate.js';

/** The configurations of README and CHANGELOG, as they stand there, load. */

const TEXTS = ['README.md', 'CHANGELOG.md'].map((file) => readFileSync(join(import.meta.dirname, '..', file), 'utf8'));

const VARIABLES = {
  SUPERVIZ_CLIENT_ID: 'id',
  SUPERVIZ_SECRET: 'secret',
  WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  WEBHOOK_KEY: 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==',
  NOTIFIER_TOKEN: '7ad0b1c9f0c54d1f9a5e7c2b',
  SLACK_WEBHOOK_URL: 'https://hooks.slack.com/services/T/B/x',
  CHAT_URL: 'https://chat.example.com/a',
  DAILY_API_KEY: 'daily-key',
  SMTP_URL: 'smtp://mailer:password@mail.example.com:587',
};
const REST = {
  sources: 'sources: { production: { auth: { clientId: a, secret: b } } }\n',
  sinks: 'sinks: { out: { type: stdout } }\n',
};

const CLIENT = issuedCertificate('client');

/** The files that they name. */
function readMade(path: string): string {
  const made: Readonly<Record<string, string>> = {
    'tls/ca.pem': AUTHORITY,
    'tls/client.pem': CLIENT.cert,
    'tls/client.key': CLIENT.key,
  };
  return made[path] ?? '<p>{{ title }}</p>';
}

/** A type of sink or source of one's own is held to what it says by the test of the library. */
const blocks = TEXTS.flatMap((text) => [...text.matchAll(/^( *)```yaml\n([\s\S]*?)```/gm)])
  .map(([, indent = '', text = '']) => text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''))
  .filter(
    (text) => /^(sources|sinks|store|delivery|heartbeat|server):/m.test(text) && !/\.\/my-(sink|source)\.js/.test(text),
  );

test('there are some', () => {
  expect(blocks.length).toBeGreaterThanOrEqual(20);
});

test.each(blocks)('%s', (text) => {
  const missing = Object.entries(REST).flatMap(([key, section]) => (text.includes(`${key}:`) ? [] : section));
  const loaded = loadConfig('README.md', text + missing.join(''), { env: VARIABLES, readFile: readMade });
  expect('problems' in loaded ? loaded.problems.map(formatProblem) : []).toEqual([]);
});
