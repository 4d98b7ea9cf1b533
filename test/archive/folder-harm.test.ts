import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { download } from '../../src/archive/download.js';
import { folderTarget } from '../../src/archive/folder.js';
import { createHttpClient } from '../../src/http/client.js';
import { nonce } from '../../src/system.js';
import { builtDist } from '../support/build.js';
import { collect } from '../support/collect.js';
import { startFileServer } from '../support/file-server.js';
import { realClock } from '../support/real-clock.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { archive, begin, bytesOf, recordingOf } from './conformance.js';

const MIB = 1024 * 1024;
const NOBODY = 65_534;

describe('a program that is killed', () => {
  test('in the middle of a large file leaves what the next goes on with, and no file that is not whole', async () => {
    const content = bytesOf(64 * MIB);
    const files = await startFileServer(content);
    const folder = temporaryFolder();
    const script = join(import.meta.dirname, '../support/archive-child.mjs');
    const child = spawn(process.execPath, [script, await builtDist(), folder, files.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const gone = once(child, 'close');
    for await (const line of createInterface({ input: child.stdout })) {
      if (JSON.parse(line).bytes > 24 * MIB) child.kill('SIGKILL');
    }
    expect(await gone).toEqual([null, 'SIGKILL']);

    const recording = { ...recordingOf('a'), roomId: null, meetingId: null, createdAt: null };
    const target = folderTarget({ folder, clock: realClock, nonce });
    await target.open();
    expect(await target.find(recording)).toBeUndefined();
    expect(await collect(target.inspect())).toEqual([]);

    const http = createHttpClient({ privateAddresses: 'allow', clock: realClock, userAgent: 'test' });
    const got = await download({
      ...{ http, clock: realClock, firstUrl: files.url, givenBy: files.url, signal: new AbortController().signal },
      freshUrl: async () => undefined,
      draft: await target.begin(recording, 'a.mp4'),
    });
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(got).toMatchObject({ kind: 'archived', file: { sha256, bytes: content.byteLength } });
    const start = Number(/\d+/.exec(files.requests.at(-1)?.range ?? '0'));
    expect(start).toBeGreaterThanOrEqual(16 * MIB);
    const hash = createHash('sha256');
    const [file] = await collect(target.files());
    for await (const chunk of file === undefined ? [] : target.read(file)) hash.update(chunk);
    expect(hash.digest('hex')).toBe(sha256);
    await Promise.all([http.close(), files.close()]);
  }, 120_000);
});

/** Root alone may mount a file system, and not everywhere. */
const small = temporaryFolder();
const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', small]).status === 0;

(isMounted ? describe : describe.skip)('a disk that is full', () => {
  afterAll(() => void spawnSync('umount', ['-l', small]));

  async function targetIn(name: string, spareBytes: number) {
    const target = folderTarget({ folder: join(small, name), clock: realClock, nonce, spareBytes });
    await target.open();
    return target;
  }

  test('is noticed before anything is written', async () => {
    const target = await targetIn('before', 0);
    const draft = await target.begin(recordingOf('a'), 'a.mp4');
    await expect(draft.describe({ bytes: 5 * MIB, validator: null, contentType: null })).rejects.toMatchObject({
      kind: 'no_space',
      message: expect.stringMatching(/ bytes are free; 5242880 more are needed, and 0 stay free$/),
    });
    await draft.abandon();
  });

  test('is noticed where others need what is left', async () => {
    const target = await targetIn('spare', 5 * MIB);
    await expect(target.begin(recordingOf('a'), 'a.mp4')).rejects.toMatchObject({ kind: 'no_space' });
    expect(await target.freeBytes()).toBeLessThan(5 * MIB);
  });

  test.each([
    { name: 'is kept', bytes: 2 * MIB, isKept: true },
    { name: 'is not where nobody knows how long it is: there is room again', bytes: null, isKept: false },
  ])('in the middle of a file harms no other, and what has come of it $name', async ({ bytes, isKept }) => {
    const target = await targetIn('middle', 0);
    const other = await archive(target, recordingOf('b'), 'b.mp4', bytesOf(MIB));
    const draft = await begin(target, recordingOf('a'), 'a.mp4', bytesOf(MIB), {
      bytes,
      validator: '"1"',
      contentType: null,
    });
    await expect(fill(draft)).rejects.toMatchObject({ kind: 'no_space', message: expect.stringContaining('ENOSPC') });
    await draft.abandon();
    expect(await collect(target.files())).toEqual([other]);
    expect(readdirSync(join(small, 'middle'))).not.toContain('a.mp4');
    const parts = readdirSync(join(small, 'middle/.partial')).filter((name) => name.endsWith('.part'));
    expect(parts).toHaveLength(isKept ? 1 : 0);
    if (!isKept) await archive(target, recordingOf('c'), 'c.mp4', bytesOf(MIB));
    rmSync(join(small, 'middle'), { recursive: true });
  });

  async function fill(draft: { write(chunk: Uint8Array): Promise<void> }): Promise<void> {
    for (let count = 0; count < 100; count += 1) await draft.write(Buffer.alloc(65_536));
  }
});

describe('a folder that cannot be used', () => {
  test('because a file is in its place', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const target = folderTarget({ folder: join(folder, 'file'), clock: realClock, nonce });
    await expect(target.open()).rejects.toMatchObject({
      name: 'ArchiveError',
      kind: 'broken',
      message: `${join(folder, 'file')}: a file is where a folder has to be (ENOTDIR)`,
    });
  });

  (existsSync('/proc/self') ? test : test.skip)('because nothing can be created there', async () => {
    const target = folderTarget({ folder: '/proc/archive', clock: realClock, nonce });
    const message = '/proc/archive: no folder can be created there (ENOENT)';
    await expect(target.open()).rejects.toMatchObject({ name: 'ArchiveError', kind: 'broken', message });
    await expect(target.begin(recordingOf('a'), 'a.mp4')).rejects.toMatchObject({ message });
  });

  test('because it may not be written to', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'a'));
    chmodSync(join(folder, 'a'), 0o500);
    // Root may write everywhere, and so tries it as somebody else.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(NOBODY);
    try {
      await expect(folderTarget({ folder: join(folder, 'a'), clock: realClock, nonce }).open()).rejects.toMatchObject({
        kind: 'forbidden',
      });
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });
});
