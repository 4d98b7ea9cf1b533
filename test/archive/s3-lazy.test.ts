import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { builtDist } from '../support/build.js';

/** Names the modules of the client that the code loads. */
const LISTED = `
  import { registerHooks } from 'node:module';
  const loaded = new Set();
  registerHooks({
    load(url, context, next) {
      if (/node_modules\\/@(aws-sdk|smithy)\\//.test(url)) loaded.add(url);
      return next(url, context);
    },
  });
  process.on('exit', () => process.stdout.write('\\n' + loaded.size));
`;

const SETTINGS = `{ endpoint: 'http://127.0.0.1:1', accessKeyId: 'a', secretAccessKey: 'b' }`;
const TARGET = `
  const { s3Target } = await import(dist + '/archive/s3.js');
  const address = { bucket: 'archive', prefix: 'a' };
  const limits = { connectTimeoutMs: 1_000, idleTimeoutMs: 1_000, attempts: 1 };
  const target = s3Target({ address, settings: ${SETTINGS}, clock: { nowMs: () => 0 }, nonce: () => 'n', limits });
`;

test.each([
  { name: 'the library', code: "await import(dist + '/index.js');", loads: false },
  { name: 'the command line', code: "process.argv[2] = '--version'; await import(dist + '/cli.js');", loads: false },
  { name: 'an archive that is not opened', code: `${TARGET} await target.close();`, loads: false },
  { name: 'an archive that is opened', code: `${TARGET} await target.open().catch(() => {});`, loads: true },
])('the client is loaded by nobody but who speaks to the storage: $name', async ({ code, loads }) => {
  const dist = await builtDist();
  const script = `${LISTED} const dist = ${JSON.stringify(dist)}; ${code}`;
  const args = ['--input-type=module', '--eval', script, '--', join(dist, 'cli.js')];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const modules = Number(stdout.split('\n').at(-1));
  expect(modules > 0).toBe(loads);
});
