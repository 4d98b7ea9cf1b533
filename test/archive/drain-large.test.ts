import { join } from 'node:path';
import { startEndlessFile } from '../support/endless-file.js';
import { peakMemoryOf, TELLS_PEAK_MEMORY } from '../support/peak-memory.js';
import { BUCKET, startS3Server } from '../support/s3-server.js';
import { createStage, sourceOf } from '../support/stage.js';

/**
 * `MEGABYTES=2000 npm test -- test/archive/drain-large.test.ts` drains one recording of that size with the built program and prints
 * how much memory that took; `-t folder` leaves out the storage, whose server holds its objects in memory.
 */
const { MEGABYTES = '40' } = process.env;
const BYTES = Number(MEGABYTES) * 1_000_000;
/** Whatever the size: the program itself, and two parts of an upload. */
const MEMORY_MB_MAX = 300;

const stage = createStage();

describe('the memory of a drain stays flat', () => {
  test('in a folder', async () => drainLarge({ to: join(stage.folder, 'archive') }), 3_600_000);

  test('in storage', async () => {
    const server = await startS3Server();
    await drainLarge({ to: `s3://${BUCKET}/a`, s3: server.settings });
    await server.close();
  }, 3_600_000);
});

async function drainLarge(archive: object): Promise<void> {
  const file = await startEndlessFile(BYTES);
  const api = await stage.api({ recordings: [{ uuid: 'large', status: 'available' }], fileUrl: () => file.url });
  stage.configure({ sources: { production: sourceOf(api) }, sinks: { vault: { type: 'archive', ...archive } } });
  const ended = await (await stage.start(['drain', '--json'], { env: TELLS_PEAK_MEMORY })).ended;
  await file.close();
  const [archived, report] = ended.stdout.map((line) => JSON.parse(line)).filter(({ kind }) => kind !== 'progress');
  const memoryMB = peakMemoryOf(ended);
  process.stderr.write(`${archived.location}: ${BYTES / 1e6} MB, ${report.durationMs} ms, at most ${memoryMB} MB\n`);
  expect(archived).toMatchObject({ kind: 'archived', bytes: BYTES, sha256: file.sha256() });
  expect(file.requestCount).toBe(1);
  expect(ended.code).toBe(0);
  expect(memoryMB).toBeLessThan(MEMORY_MB_MAX);
}
