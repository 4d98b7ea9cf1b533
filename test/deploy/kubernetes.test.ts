import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { createStage } from '../support/stage.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { secretsIn, withSecrets } from './sample-config.js';

const ROOT = join(import.meta.dirname, '../..');
const SECRETS = '/run/secrets/notifier';

/** In which module of `kubernetes-types` the kinds are. */
const MODULES: Readonly<Record<string, string>> = { v1: 'core/v1', 'apps/v1': 'apps/v1', 'batch/v1': 'batch/v1' };

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: what it holds is for the types of Kubernetes to judge
  readonly [key: string]: any;
}

const stage = createStage();
const FILES = [
  { file: 'kubernetes.yaml', kinds: ['ConfigMap', 'Secret', 'PersistentVolumeClaim', 'Deployment', 'Service'] },
  { file: 'kubernetes-cronjob.yaml', kinds: ['ConfigMap', 'Secret', 'CronJob'] },
].map((each) => ({ ...each, manifests: manifestsIn(each.file) }));

test.each(FILES)('$file has kinds and fields of Kubernetes', ({ kinds, manifests }) => {
  expect(manifests.map(({ kind }) => kind)).toEqual(kinds);
  expect(problemsOf(manifests)).toBe('');
});

test.each([
  { name: 'an unknown field', spec: { replica: 1 }, says: '"replica"' },
  {
    name: 'a value of another type',
    spec: { replicas: '1' },
    says: "Type 'string' is not assignable to type 'number'",
  },
])('$name would be found', ({ spec, says }) => {
  const [deployment] = FILES.flatMap(({ manifests }) => manifests.filter(({ kind }) => kind === 'Deployment'));
  expect(problemsOf([{ ...deployment, spec: { ...deployment?.['spec'], ...spec } } as Manifest])).toContain(says);
});

test.each(FILES)('$file: its config is valid, and has the secrets that it names', async ({ manifests }) => {
  const [config, secret] = [dataOf(manifests, 'ConfigMap')['notifier.yaml'], dataOf(manifests, 'Secret')];
  expect(secretsIn(config, SECRETS)).toEqual(Object.keys(secret).toSorted());
  stage.configure(withSecrets(config, SECRETS));
  expect(await stage.run(['check'])).toMatchObject({ code: 0 });
});

test.each(FILES)('$file: what it mounts is where the image and the config look for it', ({ manifests }) => {
  const { containers, volumes } = podOf(manifests);
  const places = Object.fromEntries(containers[0].volumeMounts.map(({ name, mountPath }: Mount) => [name, mountPath]));
  expect(places).toMatchObject({ config: '/srv/config', secrets: SECRETS });
  expect(volumes.map(({ name }: Mount) => name)).toEqual(Object.keys(places));
});

test.each(FILES)('$file: it is not root, changes nothing, and can do little', ({ manifests }) => {
  const pod = podOf(manifests);
  expect(pod).toMatchObject({
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000, seccompProfile: { type: 'RuntimeDefault' } },
  });
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(8);
  expect(pod.containers[0]).toMatchObject({
    resources: { limits: { memory: '512Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
  });
});

test('one notifier at a time, and its health is asked for', () => {
  const [{ manifests }] = FILES as [(typeof FILES)[number]];
  const deployment = manifests.find(({ kind }) => kind === 'Deployment');
  expect(deployment?.['spec']).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
  expect(podOf(manifests).containers[0]).toMatchObject({
    ports: [{ name: 'http', containerPort: 8080 }],
    startupProbe: { httpGet: { path: '/healthz', port: 'http' } },
    livenessProbe: { httpGet: { path: '/healthz', port: 'http' } },
    readinessProbe: { httpGet: { path: '/readyz', port: 'http' } },
  });
});

test('no two jobs at a time, and none for ever', () => {
  const { manifests } = FILES[1] as (typeof FILES)[number];
  expect(manifests.find(({ kind }) => kind === 'CronJob')?.['spec']).toMatchObject({
    concurrencyPolicy: 'Forbid',
    jobTemplate: { spec: { backoffLimit: 0, activeDeadlineSeconds: 900 } },
  });
  expect(podOf(manifests).containers[0].args).toEqual(['poll', '--for', '5m']);
});

interface Mount {
  readonly name: string;
  readonly mountPath: string;
}

function manifestsIn(file: string): readonly Manifest[] {
  return parseAllDocuments(readFileSync(join(ROOT, 'config/deploy', file), 'utf8')).map((document) => document.toJS());
}

function dataOf(manifests: readonly Manifest[], kind: string) {
  const found = manifests.find((manifest) => manifest.kind === kind);
  return found?.['data'] ?? found?.['stringData'];
}

function podOf(manifests: readonly Manifest[]) {
  const spec = manifests.find(({ kind }) => kind === 'Deployment' || kind === 'CronJob')?.['spec'];
  return (spec.jobTemplate?.spec ?? spec).template.spec;
}

/** What the compiler says of them as objects of their kinds: it knows every field, and finds those that are none. */
function problemsOf(manifests: readonly Manifest[]): string {
  const file = join(temporaryFolder(), 'manifests.ts');
  const lines = manifests.map((manifest, index) => {
    const from = join(ROOT, 'node_modules/kubernetes-types', MODULES[manifest.apiVersion] ?? 'unknown', '');
    return `export const m${index}: import(${JSON.stringify(from)}).${manifest.kind} = ${JSON.stringify(manifest)};`;
  });
  writeFileSync(file, lines.join('\n'));
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'preserve', '--ignoreConfig'];
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  return spawnSync(process.execPath, [tsc, ...options, file], { encoding: 'utf8' }).stdout;
}
