import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../support/temporary-folder.js';

/** What the secrets of the samples may be; any other is `secret-` and its name. */
const FITTING: Readonly<Record<string, string>> = {
  'webhook-secret': 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  store: 'postgres://notifier@127.0.0.1/notifier?prefix=sample',
  heartbeat: 'https://example.com/beat',
};

/** The names of the files in this folder that a config takes secrets from. */
export function secretsIn(config: string, folder: string): readonly string[] {
  const paths = [...config.matchAll(/\$\{file:([^}]+)\}/g)].map(([, path = '']) => path);
  expect(paths.filter((path) => !path.startsWith(`${folder}/`))).toEqual([]);
  return paths.map((path) => path.slice(folder.length + 1)).toSorted();
}

/** The config with its secrets where a test can have them. */
export function withSecrets(config: string, folder: string): string {
  const here = temporaryFolder();
  for (const name of secretsIn(config, folder)) writeFileSync(join(here, name), FITTING[name] ?? `secret-${name}`);
  return config.replaceAll(`\${file:${folder}/`, `\${file:${here}/`);
}
