import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { builtDist } from '../support/build.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const SCRIPT = join(import.meta.dirname, '../support/file-child.mjs');

async function start(path: string, word: string, count: number, fileBlocksMax = 'unlimited') {
  const limited = ['-c', `ulimit -f ${fileBlocksMax}; exec "$0" "$@"`, process.execPath];
  return spawn('sh', [...limited, SCRIPT, await builtDist(), path, word, String(count)]);
}

/** What it says it has written, up to its end. */
async function idsSaidBy({ stdout }: ChildProcessWithoutNullStreams): Promise<string[]> {
  return (await text(stdout)).split('\n').slice(0, -1);
}

function idsIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => !name.endsWith('.lock'));
  const lines = names.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1));
  return lines.map((line) => JSON.parse(line).id);
}

test('processes that write to one file lose nothing and tear nothing, though one is killed', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'recordings.jsonl');
  const [one, other, killed] = [
    await start(path, 'one', 60),
    await start(path, 'other', 60),
    await start(path, 'killed', 100_000),
  ];
  const said = Promise.all([one, other].map(idsSaidBy));
  const saidByKilled: string[] = [];
  for await (const line of createInterface(killed.stdout)) {
    if (saidByKilled.push(line) === 30) killed.kill('SIGKILL');
  }
  const [first = [], second = []] = await said;
  expect([first.length, second.length]).toEqual([60, 60]);
  const all = idsIn(folder);
  expect(new Set(all).size).toBe(all.length);
  expect(all).toEqual(expect.arrayContaining([...first, ...second, ...saidByKilled]));
  // Of the one that was killed, the last line may be there without its having said so.
  expect(all.length - 120 - saidByKilled.length).toBeLessThanOrEqual(1);
});

test('a line for which there is no room leaves nothing behind', async () => {
  const folder = temporaryFolder();
  const child = await start(join(folder, 'recordings.jsonl'), 'some', 12, '2');
  const [said] = await Promise.all([idsSaidBy(child), once(child, 'close')]);
  const written = said.filter((word) => word.startsWith('evt_'));
  expect(written.length).toBeGreaterThan(5);
  expect(said.slice(written.length)).toEqual(Array(12 - written.length).fill('file_full'));
  expect(idsIn(folder)).toEqual(written);
});
