import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { builtDist } from '../support/build.js';
import { BUCKET, startS3Server } from '../support/s3-server.js';

/** Counts the modules of the client that the code loads. */
const COUNTED = `
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

const TARGET = `
  const { s3Target } = await import(dist + '/archive/s3.js');
  const address = { bucket: '${BUCKET}', prefix: 'a' };
  const target = s3Target({ address, settings, clock: { nowMs: () => Date.now() }, nonce: () => 'n' });
`;

const ARCHIVED = `
  ${TARGET}
  const recording = { source: 'main', uuid: 'a', occurrence: 1, roomId: null, meetingId: null, createdAt: null };
  await target.open();
  const draft = await target.begin(recording, 'a.mp4');
  await draft.describe({ bytes: 9437184, validator: null, contentType: null });
  await draft.write(Buffer.alloc(9437184));
  const { sha256 } = await draft.finish();
  const found = await target.find(recording);
  for await (const file of target.files()) {
    let bytes = 0;
    for await (const chunk of target.read(file)) bytes += chunk.byteLength;
    process.stdout.write([file.path, bytes, file.sha256 === sha256, found.sha256 === sha256].join(' '));
  }
  await target.close();
`;

test.each([
  { name: 'the library', code: "await import(dist + '/index.js');", isLoaded: false },
  { name: 'the command line', code: "process.argv[2] = '--version'; await import(dist + '/cli.js');", isLoaded: false },
  { name: 'an archive that is not opened', code: `${TARGET} await target.close();`, isLoaded: false },
  { name: 'an archive that is used, as it is built', code: ARCHIVED, isLoaded: true, want: 'a.mp4 9437184 true true' },
])('the client is loaded by nobody but who speaks to the storage: $name', async ({ code, isLoaded, want = '' }) => {
  const [dist, server] = [await builtDist(), await startS3Server()];
  const script = `
    ${COUNTED}
    const dist = ${JSON.stringify(dist)};
    const settings = ${JSON.stringify(server.settings)};
    ${code}
  `;
  const args = ['--input-type=module', '--eval', script, '--', join(dist, 'cli.js')];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args).finally(server.close);
  expect(stderr).toBe('');
  const modules = Number(stdout.split('\n').at(-1));
  expect(modules > 0).toBe(isLoaded);
  expect(stdout).toContain(want);
});
