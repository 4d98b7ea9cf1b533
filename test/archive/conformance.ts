import { createCipheriv, createHash } from 'node:crypto';
import {
  type ArchivedFile,
  type ArchivedRecording,
  ArchiveError,
  type ArchiveTarget,
  type Draft,
  type RemoteFile,
} from '../../src/archive/define.js';
import type { RecordingUuid } from '../../src/core/id.js';
import { collect } from '../support/collect.js';

/** An empty archive, and what somebody does to it who is not the program. */
export interface Place {
  /** Opens it; each time as another start of the program does. */
  open(): Promise<ArchiveTarget>;
  /** Puts bytes where a file is, or where none was. */
  put(path: string, bytes: Uint8Array): Promise<void>;
  remove(path: string): Promise<void>;
  /** Takes away what is noted of a file: the program was killed when the bytes were there and nothing else. */
  forget(file: ArchivedFile): Promise<void>;
  /** Takes its line alone away, and returns what puts it back. */
  delayLine(file: ArchivedFile): Promise<() => Promise<void>>;
}

const MIB = 1024 * 1024;

/** Texts that have broken somebody's archive before; only {@link ODD_PATHS} come as paths. */
const ODD_NAMES = ['', '/', '..', '../../etc/passwd', '%2f', '\\', '\0', '\n', '"', '__proto__', 'é', 'e\u0301'].concat(
  ['😀', '\ud800', '\udc00', '.', 'CON', ' ', 'x'.repeat(2_000)],
);

const ODD_PATHS = ['a b.mp4', 'a+b.mp4', 'a%41.mp4', 'a#b.mp4', "a'b.mp4", 'a&amp;b.mp4', 'a;b=c@d.mp4'].concat([
  '(a)!$,~.mp4',
  'é.mp4',
  '漢字/😀.mp4',
  `${'x'.repeat(120)}/${'y'.repeat(120)}.mp4`,
  'no-extension',
  'a/b/c/d.json',
]);

/** What every target is held to. `create` makes a new, empty place. */
export function describeTarget(name: string, create: () => Promise<Place>): void {
  describe(`the archive ${name}`, () => {
    let place: Place;
    let target: ArchiveTarget;
    const opened: ArchiveTarget[] = [];

    beforeEach(async () => {
      place = await create();
      target = await again();
    });
    afterEach(async () => {
      for (const each of opened.splice(0)) await each.close();
    });

    /** As the next start of the program sees it. */
    async function again(): Promise<ArchiveTarget> {
      const another = await place.open();
      await another.open();
      opened.push(another);
      return another;
    }

    async function expectWhole(file: ArchivedFile, bytes: Uint8Array): Promise<void> {
      for (const each of [target, await again()]) {
        expect(await each.find(file)).toEqual(file);
        expect(Buffer.concat(await collect(each.read(file))).equals(bytes)).toBe(true);
      }
    }

    test('is empty at first', async () => {
      expect(await target.find(recordingOf('a'))).toBeUndefined();
      expect(await collect(target.files())).toEqual([]);
      expect(await collect(target.inspect())).toEqual([]);
    });

    test.each([0, 1, 65_536, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1])('keeps a file of %i bytes', async (size) => {
      const bytes = bytesOf(size);
      const file = await archive(target, recordingOf('a'), 'room/a.mp4', bytes);
      expect(file).toEqual({
        ...recordingOf('a'),
        path: 'room/a.mp4',
        bytes: size,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        contentType: 'video/mp4',
        archivedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      });
      await expectWhole(file, bytes);
      expect(await collect(target.files())).toEqual([file]);
      expect(await collect(target.inspect())).toEqual([{ kind: 'file', file }]);
    });

    test('says where a file is', async () => {
      const file = await archive(target, recordingOf('a'), 'room/a b.mp4', bytesOf(3));
      expect(target.locationOf(file)).toBe(`${target.label}/room/a b.mp4`);
    });

    test('keeps what nothing is known of', async () => {
      const recording = { ...recordingOf('a'), roomId: null, meetingId: null, createdAt: null };
      const remote = { bytes: null, validator: null, contentType: null };
      const file = await archive(target, recording, 'a', bytesOf(1_000), remote);
      expect(file).toMatchObject({ ...recording, contentType: null });
      await expectWhole(file, bytesOf(1_000));
    });

    test('shows nothing of a file before it is finished', async () => {
      const draft = await begin(target, recordingOf('a'), 'a.mp4', bytesOf(2 * MIB));
      for (const each of [target, await again()]) {
        expect(await each.find(recordingOf('a'))).toBeUndefined();
        expect(await collect(each.files())).toEqual([]);
        expect(await collect(each.inspect())).toEqual([]);
      }
      await draft.abandon();
    });

    test('goes on from what an attempt that was abandoned has left, if it has left anything', async () => {
      const bytes = bytesOf(3 * MIB);
      const first = await begin(target, recordingOf('a'), 'a.mp4', bytes.subarray(0, 2 * MIB));
      await first.abandon();
      expect(await target.find(recordingOf('a'))).toBeUndefined();

      for (const each of [target, await again()]) {
        const next = await each.begin(recordingOf('a'), 'a.mp4');
        expect(next.kept).toEqual(next.kept.bytes === 0 ? NOTHING_KEPT : { bytes: 2 * MIB, remote: REMOTE });
        await next.abandon();
      }
      const last = await target.begin(recordingOf('a'), 'a.mp4');
      if (last.kept.bytes === 0) await last.describe(REMOTE);
      await last.write(bytes.subarray(last.kept.bytes));
      await expectWhole(await last.finish(), bytes);
    });

    test.each([
      { name: 'in the same attempt', isAbandoned: false },
      { name: 'between two attempts', isAbandoned: true },
    ])('forgets the bytes of a file that has changed $name', async ({ isAbandoned }) => {
      let draft = await begin(target, recordingOf('a'), 'a.mp4', bytesOf(2 * MIB));
      if (isAbandoned) {
        await draft.abandon();
        draft = await target.begin(recordingOf('a'), 'a.mp4');
      }
      await draft.restart();
      await draft.describe({ ...REMOTE, validator: '"another"', contentType: 'video/webm' });
      await draft.write(bytesOf(1_000));
      const file = await draft.finish();
      expect(file).toMatchObject({ bytes: 1_000, contentType: 'video/webm' });
      await expectWhole(file, bytesOf(1_000));
    });

    test('is never wrong about a recording that two archive at once', async () => {
      const contents = [bytesOf(2 * MIB), bytesOf(MIB)];
      const drafts = await Promise.allSettled(
        contents.map(async (bytes) => begin(await again(), recordingOf('a'), 'a.mp4', bytes)),
      );
      const ends = await Promise.allSettled(
        drafts.map(async (draft) => (draft.status === 'fulfilled' ? draft.value.finish() : undefined)),
      );
      for (const { reason } of [...drafts, ...ends].filter((each) => each.status === 'rejected')) {
        expect(reason).toBeInstanceOf(ArchiveError);
      }
      const found = await (await again()).find(recordingOf('a'));
      if (found !== undefined) {
        const read = Buffer.concat(await collect(target.read(found)));
        expect(createHash('sha256').update(read).digest('hex')).toBe(found.sha256);
      }
      await expectWhole(await archive(target, recordingOf('a'), 'a.mp4', bytesOf(7)), bytesOf(7));
    });

    test('keeps apart sources, occurrences and recordings of every name', async () => {
      const recordings = [
        ...ODD_NAMES.map((uuid) => recordingOf(uuid)),
        recordingOf('a', 2),
        { ...recordingOf('a', 2), source: 'another' },
        { ...recordingOf('2'), source: 'main/a' },
        { ...recordingOf('odd'), roomId: '../"\n😀\0', meetingId: '%s' },
      ];
      for (const [index, recording] of recordings.entries()) {
        expect(await target.find(recording)).toBeUndefined();
        await archive(target, recording, `odd/${index}.mp4`, bytesOf(index));
      }
      const another = await again();
      for (const [index, recording] of recordings.entries()) {
        expect(await another.find(recording)).toMatchObject({ ...recording, path: `odd/${index}.mp4`, bytes: index });
      }
      const listed = await collect(another.files());
      expect(listed.map(({ path }) => path).toSorted()).toEqual(
        recordings.map((_, index) => `odd/${index}.mp4`).toSorted(),
      );
    });

    test('takes every path that is safe', async () => {
      const files: ArchivedFile[] = [];
      for (const path of ODD_PATHS) files.push(await archive(target, recordingOf(path), path, Buffer.from(path)));
      for (const file of files) await expectWhole(file, Buffer.from(file.path));
      const inspected = await collect((await again()).inspect());
      expect(inspected.map((each) => each.kind === 'file' && each.file.path).toSorted()).toEqual(ODD_PATHS.toSorted());
    });

    test('archives many at once', async () => {
      const names = Array.from({ length: 40 }, (_, index) => `room ${index % 3}/${index}.mp4`);
      const files = await Promise.all(names.map((path) => archive(target, recordingOf(path), path, bytesOf(1_000))));
      expect(sorted(await collect(target.files()))).toEqual(sorted(files));
      expect(sorted(await collect((await again()).files()))).toEqual(sorted(files));
    });

    test('archives a recording again in the place of what it has of it', async () => {
      await archive(target, recordingOf('a'), 'a.mp4', bytesOf(10));
      const file = await archive(target, recordingOf('a'), 'a.mp4', bytesOf(20));
      await expectWhole(file, bytesOf(20));
      expect(await collect(target.files())).toEqual([file]);
    });

    test('notices that a file is gone', async () => {
      const file = await archive(target, recordingOf('a'), 'a.mp4', bytesOf(10));
      await place.remove(file.path);
      const another = await again();
      expect(await another.find(file)).toBeUndefined();
      expect(await collect(another.files())).toEqual([]);
      expect(await collect(another.inspect())).toEqual([{ kind: 'missing', file }]);
      await expect(collect(another.read(file))).rejects.toThrow(ArchiveError);
    });

    test('takes for no file of its own what somebody else has put there', async () => {
      await place.put('holiday.mp4', bytesOf(10));
      expect(await collect(target.files())).toEqual([]);
      expect(await collect(target.inspect())).toEqual([{ kind: 'unknown', path: 'holiday.mp4' }]);
    });

    test('does not doubt a file that gets its line while everything is read', async () => {
      const file = await archive(target, recordingOf('a'), 'a.mp4', bytesOf(10));
      const late = await archive(target, recordingOf('b'), 'b.mp4', bytesOf(10));
      const enter = await place.delayLine(late);
      const inspected = (await again()).inspect()[Symbol.asyncIterator]();
      expect(await inspected.next()).toEqual({ done: false, value: { kind: 'file', file } });
      await enter();
      expect(await inspected.next()).toEqual({ done: true, value: undefined });
    });

    test('reads what is there, not what was noted', async () => {
      const file = await archive(target, recordingOf('a'), 'a.mp4', bytesOf(10));
      const flipped = Buffer.from(bytesOf(10));
      flipped.writeUInt8(flipped.readUInt8(3) ^ 1, 3);
      await place.put(file.path, flipped);
      expect(Buffer.concat(await collect(target.read(file))).equals(flipped)).toBe(true);
      expect(await collect((await again()).inspect())).toEqual([{ kind: 'file', file }]);
    });

    test('does not take for a file what a kill has left without a note', async () => {
      const file = await archive(target, recordingOf('a'), 'a.mp4', bytesOf(10));
      await place.forget(file);
      const another = await again();
      expect(await another.find(file)).toBeUndefined();
      expect(await collect(another.files())).toEqual([]);
      expect(await collect(another.inspect())).toEqual([{ kind: 'unknown', path: 'a.mp4' }]);
      const whole = await archive(another, recordingOf('a'), 'a.mp4', bytesOf(10));
      await expectWhole(whole, bytesOf(10));
    });
  });
}

const NOTHING_KEPT: Draft['kept'] = { bytes: 0, remote: null };
const REMOTE: RemoteFile = { bytes: 3 * MIB, validator: '"one"', contentType: 'video/mp4' };

export function recordingOf(uuid: string, occurrence = 1): ArchivedRecording {
  const createdAt = '2026-11-24T09:00:00.000Z';
  return { source: 'main', uuid: uuid as RecordingUuid, occurrence, roomId: 'room', meetingId: 'meeting', createdAt };
}

/** The same for the same size, and nothing that repeats itself. */
export function bytesOf(size: number): Buffer {
  const key = createHash('sha256').update(String(size)).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

export async function archive(
  target: ArchiveTarget,
  recording: ArchivedRecording,
  path: string,
  bytes: Uint8Array,
  remote: RemoteFile = { ...REMOTE, bytes: bytes.byteLength },
): Promise<ArchivedFile> {
  const draft = await begin(target, recording, path, bytes, remote);
  return draft.finish();
}

/** In chunks of an odd size. */
export async function begin(
  target: ArchiveTarget,
  recording: ArchivedRecording,
  path: string,
  bytes: Uint8Array,
  remote: RemoteFile = REMOTE,
): Promise<Draft> {
  const draft = await target.begin(recording, path);
  await draft.describe(remote);
  for (let start = 0; start < bytes.byteLength; start += 65_521)
    await draft.write(bytes.subarray(start, start + 65_521));
  return draft;
}

function sorted(files: readonly ArchivedFile[]): ArchivedFile[] {
  return files.toSorted((one, other) => (one.path < other.path ? -1 : 1));
}
