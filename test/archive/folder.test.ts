import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { ArchivedFile, ArchivedRecording, ArchiveTarget } from '../../src/archive/define.js';
import { folderTarget } from '../../src/archive/folder.js';
import { recordingKey } from '../../src/archive/manifest.js';
import { nonce } from '../../src/system.js';
import { collect } from '../support/collect.js';
import { realClock } from '../support/real-clock.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { archive, begin, bytesOf, describeTarget, recordingOf } from './conformance.js';

const MIB = 1024 * 1024;

function targetOn(folder: string): ArchiveTarget {
  return folderTarget({ folder, clock: realClock, nonce });
}

async function openTarget(folder: string): Promise<ArchiveTarget> {
  const target = targetOn(folder);
  await target.open();
  return target;
}

describeTarget('in a folder', async () => {
  const folder = join(temporaryFolder(), 'new/archive');
  return {
    open: async () => targetOn(folder),
    put: async (path, bytes) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    },
    remove: async (path) => rmSync(join(folder, path)),
    forget: async (file) => {
      rmSync(join(folder, `${file.path}.json`));
      takeLine(join(folder, 'manifest.jsonl'), file);
    },
    delayLine: async (file) => takeLine(join(folder, 'manifest.jsonl'), file),
  };
});

/** @returns what puts it back */
function takeLine(manifest: string, { path }: ArchivedFile): () => Promise<void> {
  const text = readFileSync(manifest, 'utf8');
  const lines = text.split('\n').filter((line) => !line.includes(`"path":"${path}"`));
  writeFileSync(manifest, lines.join('\n'));
  return async () => writeFileSync(manifest, text);
}

describe('the manifest of a folder', () => {
  let folder: string;
  let manifest: string;

  beforeEach(() => {
    folder = temporaryFolder();
    manifest = join(folder, 'manifest.jsonl');
  });

  function lines(): unknown[] {
    const text = readFileSync(manifest, 'utf8');
    expect(text.endsWith('\n')).toBe(true);
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  test('is a line a file, and each file has the same beside it', async () => {
    const target = await openTarget(folder);
    const files = [
      await archive(target, recordingOf('a'), 'a.mp4', bytesOf(1)),
      await archive(target, recordingOf('b'), 'b.mp4', bytesOf(2)),
    ];
    expect(lines()).toEqual(files);
    expect(files.map(({ path }) => JSON.parse(readFileSync(join(folder, `${path}.json`), 'utf8')))).toEqual(files);
  });

  test.each([
    { name: 'when an archive is opened', use: async () => void (await openTarget(folder)), added: 0 },
    {
      name: 'when a line is added',
      use: async (target: ArchiveTarget) => void (await archive(target, recordingOf('b'), 'b.mp4', bytesOf(2))),
      added: 1,
    },
  ])('loses a last line that a crash has torn: $name', async ({ use, added }) => {
    const target = await openTarget(folder);
    const file = await archive(target, recordingOf('a'), 'a.mp4', bytesOf(1));
    appendFileSync(manifest, `{"source":"main","uuid":"torn${'é'.repeat(50)}`);
    expect(await target.find(file)).toEqual(file);
    await use(target);
    expect(lines()).toHaveLength(1 + added);
    expect(lines()[0]).toEqual(file);
    expect(await target.find(file)).toEqual(file);
  });

  test('loses zeros that a crash has left in the place of lines', async () => {
    const file = await archive(await openTarget(folder), recordingOf('a'), 'a.mp4', bytesOf(1));
    appendFileSync(manifest, Buffer.alloc(200_000));
    expect(await (await openTarget(folder)).find(file)).toEqual(file);
    expect(lines()).toEqual([file]);
  });

  test('keeps a last line that only lacks its end', async () => {
    const target = await openTarget(folder);
    const file = await archive(target, recordingOf('a'), 'a.mp4', bytesOf(1));
    truncateSync(manifest, statSync(manifest).size - 1);
    const other = await archive(target, recordingOf('b'), 'b.mp4', bytesOf(2));
    expect(lines()).toEqual([file, other]);
  });

  test('is not taken from others: a large file without lines is refused', async () => {
    const text = 'x'.repeat(20 * MIB);
    writeFileSync(manifest, text);
    const message = `${manifest}: it is no manifest of an archive; move it away, or choose another folder`;
    await expect(openTarget(folder)).rejects.toMatchObject({ name: 'ArchiveError', kind: 'broken', message });
    await expect(collect(targetOn(folder).inspect())).rejects.toMatchObject({ message });
    expect(statSync(manifest).size).toBe(text.length);
  });

  test('a line that cannot be read hides no other, and is told', async () => {
    const target = await openTarget(folder);
    const file = await archive(target, recordingOf('a'), 'a.mp4', bytesOf(1));
    const outside = { ...file, uuid: 'b', path: '../../etc/passwd' };
    appendFileSync(manifest, `nonsense\n${JSON.stringify(outside)}\n`);
    const last = await archive(target, recordingOf('c'), 'c.mp4', bytesOf(1));
    expect(await collect(target.files())).toEqual([file, last]);
    expect(await collect(target.inspect())).toEqual([
      { kind: 'disputed', path: 'manifest.jsonl', detail: '2 of its lines cannot be read' },
      { kind: 'file', file },
      { kind: 'file', file: last },
    ]);
  });

  test('a manifest that somebody has replaced is read anew', async () => {
    const target = await openTarget(folder);
    const [one, two] = [
      await archive(target, recordingOf('a'), 'a.mp4', bytesOf(1)),
      await archive(target, recordingOf('b'), 'b.mp4', bytesOf(2)),
    ];
    writeFileSync(manifest, `${JSON.stringify(two)}\n`);
    expect(await target.find(one)).toBeUndefined();
    expect(await target.find(two)).toEqual(two);
    writeFileSync(manifest, `${JSON.stringify(one)}\n`);
    expect(await target.find(one)).toEqual(one);
    expect(await target.find(two)).toBeUndefined();
    writeFileSync(manifest, `${JSON.stringify(two)}\n${JSON.stringify({ ...one, uuid: 'c' })}\n`);
    expect(await target.find(one)).toBeUndefined();
  });

  test('two that write at once tear no line', async () => {
    const targets = [await openTarget(folder), await openTarget(folder)];
    const files = await Promise.all(
      targets.flatMap((target, of) =>
        Array.from({ length: 20 }, (_, index) =>
          archive(target, recordingOf(`${of}-${index}`), `${of}/${index}.mp4`, bytesOf(10)),
        ),
      ),
    );
    expect(new Set(lines().map((line) => JSON.stringify(line)))).toEqual(
      new Set(files.map((file) => JSON.stringify(file))),
    );
  });

  test.each([
    { name: 'the same bytes', sizes: [10, 10, 10, 10], lineCount: 1 },
    { name: 'other bytes', sizes: [10, 11, 12, 13], lineCount: 4 },
  ])('file, JSON and line are of one where several bring a recording at once, $name', async ({ sizes, lineCount }) => {
    const [one, two] = [await openTarget(folder), await openTarget(folder)];
    const drafts = await Promise.all(
      sizes.map((size, number) => begin(number % 2 === 0 ? one : two, recordingOf('a'), 'a.mp4', bytesOf(size))),
    );
    const files = await Promise.all(drafts.map((draft) => draft.finish()));
    const found = await one.find(recordingOf('a'));
    expect(files).toContainEqual(found);
    expect(await collect(two.inspect())).toEqual([{ kind: 'file', file: found }]);
    expect(lines()).toHaveLength(lineCount);
    expect(readdirSync(join(folder, '.partial')).filter((name) => !name.endsWith('.lock'))).toEqual([]);
  });

  test('a manifest that could not be written to is written to again', async () => {
    const target = await openTarget(folder);
    rmSync(manifest);
    mkdirSync(manifest);
    const ends = ['a', 'b'].map((name) => archive(target, recordingOf(name), `${name}.mp4`, bytesOf(1)));
    const broken = { status: 'rejected', reason: expect.objectContaining({ name: 'ArchiveError' }) };
    expect(await Promise.allSettled(ends)).toEqual([broken, broken]);
    rmSync(manifest, { recursive: true });
    const file = await archive(target, recordingOf('c'), 'c.mp4', bytesOf(1));
    expect(lines()).toEqual([file]);
  });

  test('what a JSON says otherwise is told', async () => {
    const target = await openTarget(folder);
    const file = await archive(target, recordingOf('a'), 'a.mp4', bytesOf(1));
    writeFileSync(join(folder, 'a.mp4.json'), JSON.stringify({ ...file, bytes: 2 }));
    expect(await collect(target.inspect())).toEqual([
      { kind: 'disputed', path: 'a.mp4', detail: 'its JSON and its line of the manifest differ' },
    ]);
  });
});

/** Two recordings whose parts have one lock. */
function sharingASlot(): [ArchivedRecording, ArchivedRecording] {
  const bySlot = new Map<string, ArchivedRecording>();
  for (let number = 0; ; number += 1) {
    const recording = recordingOf(`film-${number}`);
    const slot = createHash('sha256').update(recordingKey(recording)).digest('hex').slice(0, 3);
    const known = bySlot.get(slot);
    if (known !== undefined) return [known, recording];
    bySlot.set(slot, recording);
  }
}

describe('parts in a folder', () => {
  let folder: string;
  let target: ArchiveTarget;

  beforeEach(async () => {
    folder = temporaryFolder();
    target = await openTarget(folder);
  });

  function parts(): string[] {
    return readdirSync(join(folder, '.partial')).filter((name) => !name.endsWith('.lock'));
  }

  test('go with their file', async () => {
    await archive(target, recordingOf('a'), 'a.mp4', bytesOf(MIB));
    expect(parts()).toEqual([]);
  });

  test('count only up to where they were noted: what a crash has left behind that may be anything', async () => {
    const draft = await begin(target, recordingOf('a'), 'a.mp4', bytesOf(MIB));
    await draft.abandon();
    const [part = ''] = parts().filter((name) => name.endsWith('.part'));
    appendFileSync(join(folder, '.partial', part), Buffer.alloc(1_000));
    const next = await target.begin(recordingOf('a'), 'a.mp4');
    expect(next.kept.bytes).toBe(MIB);
    await next.write(bytesOf(10));
    expect((await next.finish()).bytes).toBe(MIB + 10);
  });

  test.each([
    { name: 'is shorter than what was noted', spoil: (path: string) => truncateSync(`${path}.part`, 10) },
    { name: 'has a note that cannot be read', spoil: (path: string) => writeFileSync(`${path}.note`, '{"bytes":') },
    { name: 'has no note', spoil: (path: string) => rmSync(`${path}.note`) },
  ])('are not used where one $name', async ({ spoil }) => {
    const draft = await begin(target, recordingOf('a'), 'a.mp4', bytesOf(MIB));
    await draft.abandon();
    const [part = ''] = parts().filter((name) => name.endsWith('.part'));
    spoil(join(folder, '.partial', part.slice(0, -'.part'.length)));
    const next = await target.begin(recordingOf('a'), 'a.mp4');
    expect(next.kept).toEqual({ bytes: 0, remote: null });
    await next.abandon();
    await archive(target, recordingOf('a'), 'a.mp4', bytesOf(5));
    expect(statSync(join(folder, 'a.mp4')).size).toBe(5);
  });

  test('begin without the note of bytes that were lost, since it says nothing of those that come now', async () => {
    const draft = await begin(target, recordingOf('a'), 'a.mp4', bytesOf(MIB));
    await draft.abandon();
    const [part = ''] = parts().filter((name) => name.endsWith('.part'));
    truncateSync(join(folder, '.partial', part), 10);
    const next = await begin(target, recordingOf('a'), 'a.mp4', bytesOf(2 * MIB));
    expect(parts().filter((name) => name.endsWith('.note'))).toEqual([]);
    await next.abandon();
  });

  test('are for one at a time: the second has a part of its own, which goes with it', async () => {
    const first = await begin(target, recordingOf('a'), 'a.mp4', bytesOf(MIB));
    const second = await begin(await openTarget(folder), recordingOf('a'), 'a.mp4', bytesOf(MIB));
    expect(second.kept.bytes).toBe(0);
    await second.abandon();
    await first.abandon();
    expect(parts().filter((name) => name.endsWith('.part'))).toHaveLength(1);
    const next = await target.begin(recordingOf('a'), 'a.mp4');
    expect(next.kept.bytes).toBe(MIB);
    await next.abandon();
  });

  test('are kept where two recordings share a slot, and go with their files', async () => {
    const [one, other] = sharingASlot();
    await (await begin(target, one, 'one.mp4', bytesOf(MIB))).abandon();
    const beside = await begin(target, other, 'other.mp4', bytesOf(MIB));
    const next = await target.begin(one, 'one.mp4');
    expect(next.kept.bytes).toBe(MIB);
    await next.finish();
    await beside.finish();
    expect(parts()).toEqual([]);
  });

  test.each([
    { name: 'closes', end: () => target.close() },
    { name: 'is opened again', end: async () => void (await openTarget(folder)) },
  ])('of a file that came while another process held their slot go when an archive $name', async ({ end }) => {
    const [one, other] = sharingASlot();
    await (await begin(target, one, 'one.mp4', bytesOf(MIB))).abandon();
    const beside = await begin(await openTarget(folder), other, 'other.mp4', bytesOf(MIB));
    const own = await begin(target, one, 'one.mp4', bytesOf(MIB));
    expect(own.kept.bytes).toBe(0);
    await own.finish();
    await beside.abandon();
    expect(parts().filter((name) => name.endsWith('.part'))).toHaveLength(2);
    await end();
    expect(parts().filter((name) => name.endsWith('.part'))).toHaveLength(1);
    const next = await target.begin(other, 'other.mp4');
    expect(next.kept.bytes).toBe(MIB);
    await next.abandon();
  });

  test('stay where the manifest has their file, and it is gone', async () => {
    await archive(target, recordingOf('a'), 'a.mp4', bytesOf(5));
    rmSync(join(folder, 'a.mp4'));
    await (await begin(target, recordingOf('a'), 'a.mp4', bytesOf(MIB))).abandon();
    await target.close();
    const next = await target.begin(recordingOf('a'), 'a.mp4');
    expect(next.kept.bytes).toBe(MIB);
    await next.abandon();
  });

  test('are given up after a week', async () => {
    const draft = await begin(target, recordingOf('a'), 'a.mp4', bytesOf(MIB));
    await draft.abandon();
    const weekAgo = new Date(realClock.nowMs() - 8 * 86_400_000);
    for (const name of parts()) utimesSync(join(folder, '.partial', name), weekAgo, weekAgo);
    await openTarget(folder);
    expect(parts()).toEqual([]);
  });

  (existsSync('/dev/full') ? test : test.skip)('are what they were where a line cannot be entered', async () => {
    const draft = await begin(target, recordingOf('a'), 'room/a.mp4', bytesOf(MIB));
    rmSync(join(folder, 'manifest.jsonl'));
    symlinkSync('/dev/full', join(folder, 'manifest.jsonl'));
    await expect(draft.finish()).rejects.toMatchObject({ name: 'ArchiveError', kind: 'no_space' });
    await draft.abandon();
    expect(readdirSync(join(folder, 'room'))).toEqual([]);
    rmSync(join(folder, 'manifest.jsonl'));
    const next = await target.begin(recordingOf('a'), 'room/a.mp4');
    expect(next.kept.bytes).toBe(MIB);
    expect((await next.finish()).bytes).toBe(MIB);
  });

  test('are what they were where a folder is in the place of their file', async () => {
    const draft = await begin(target, recordingOf('a'), 'a.mp4', bytesOf(MIB));
    mkdirSync(join(folder, 'a.mp4'));
    await expect(draft.finish()).rejects.toMatchObject({ name: 'ArchiveError', kind: 'broken' });
    await draft.abandon();
    const next = await target.begin(recordingOf('a'), 'a.mp4');
    expect(next.kept.bytes).toBe(MIB);
    await next.abandon();
    expect(await collect(target.files())).toEqual([]);
  });
});
