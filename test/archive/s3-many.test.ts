import { s3Target } from '../../src/archive/s3.js';
import { linePathOf, writeLine } from '../../src/archive/s3-notes.js';
import { nonce, systemClock } from '../../src/system.js';
import { BUCKET, type S3Server, startS3Server } from '../support/s3-server.js';
import { recordingOf } from './conformance.js';

const FILES = 700;

let server: S3Server;

beforeAll(async () => {
  server = await startS3Server();
  for (let index = 0; index < FILES; index += 1) {
    const recording = recordingOf(String(index));
    const notes = {
      path: `${index}.mp4`,
      bytes: 1,
      sha256: '0'.repeat(64),
      contentType: null,
      archivedAt: '2026-11-28',
    };
    const line = writeLine({ ...recording, ...notes }, 'draft');
    await server.put(`a/${notes.path}`, 'x');
    await server.put(`a/${notes.path}.json`, line);
    await server.put(`a/${linePathOf(recording)}`, line);
  }
}, 120_000);
afterAll(() => server.close());

test('hundreds of files are listed, each once, by a page for a thousand keys and a request for each line', async () => {
  const address = { bucket: BUCKET, prefix: 'a' };
  const target = s3Target({ address, settings: server.settings, clock: systemClock, nonce });
  const from = server.requests.length;
  const paths = new Set<string>();
  let listed = 0;
  for await (const { path } of target.files()) {
    paths.add(path);
    listed += 1;
  }
  expect([listed, paths.size]).toEqual([FILES, FILES]);
  expect(server.requests.length - from).toBe(Math.ceil((3 * FILES) / 1_000) + FILES);
  await target.close();
}, 120_000);
