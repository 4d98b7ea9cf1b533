import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];

afterAll(() => {
  // A test that ran out of time may have left the process in one of them, where no further file would find anything.
  process.chdir(join(import.meta.dirname, '../..'));
  // A program that a test has stopped may still be writing its last.
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
});

/** An empty folder that goes with the test file. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'recording-notifier-')));
  folders.push(folder);
  return folder;
}
