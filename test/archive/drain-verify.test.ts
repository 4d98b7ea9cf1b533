import { createHash } from 'node:crypto';
import { type ArchivedFile, ArchiveError, type ArchiveTarget, type Inspected } from '../../src/archive/define.js';
import { createVerification } from '../../src/archive/drain-verify.js';
import { collect } from '../support/collect.js';
import { fileOf, recordingNamed } from './drain-support.js';

const FILM = Buffer.from('a film');
const SHA256 = createHash('sha256').update(FILM).digest('hex');

function film(uuid: string): ArchivedFile {
  return { ...fileOf(recordingNamed(uuid)), bytes: FILM.byteLength, sha256: SHA256 };
}

function verify(inspected: readonly Inspected[], read: ArchiveTarget['read'], signal = new AbortController().signal) {
  async function* inspect() {
    yield* inspected;
  }
  const { tally, findings } = createVerification({ inspect, read });
  return { tally, found: collect(findings(signal)) };
}

async function* inPieces(): AsyncGenerator<Uint8Array> {
  yield FILM.subarray(0, 2);
  yield FILM.subarray(2);
}

test('a file whose bytes are those that were archived is fine', async () => {
  const { found, tally } = verify([{ kind: 'file', file: film('a') }], inPieces);
  expect(await found).toEqual([]);
  expect(tally).toEqual({ files: 1, bytes: FILM.byteLength, findings: 0 });
});

test('what is wrong with the notes is told without reading', async () => {
  const inspected: Inspected[] = [
    { kind: 'missing', file: film('gone') },
    { kind: 'disputed', path: 'odd.mp4', detail: 'it has no JSON that can be read' },
    { kind: 'unknown', path: 'holiday.mp4' },
  ];
  const { found, tally } = verify(inspected, () => {
    throw new Error('it was read');
  });
  expect(await found).toEqual([
    { kind: 'missing', path: 'gone.mp4', detail: 'recording gone of main was archived here, and the file is gone' },
    { kind: 'disputed', path: 'odd.mp4', detail: 'it has no JSON that can be read' },
    { kind: 'unknown', path: 'holiday.mp4', detail: 'no note of the archive names it' },
  ]);
  expect(tally).toEqual({ files: 0, bytes: 0, findings: 3 });
});

test('a file that cannot be read is damaged, and the next one is read', async () => {
  const files = ['a', 'b'].map((uuid): Inspected => ({ kind: 'file', file: film(uuid) }));
  const { found, tally } = verify(files, async function* ({ uuid }) {
    yield FILM.subarray(0, 3);
    if (uuid === 'a') throw new ArchiveError('broken', 'the disk fails (EIO)');
    yield FILM.subarray(3);
  });
  expect(await found).toEqual([{ kind: 'damaged', path: 'a.mp4', detail: 'it cannot be read: the disk fails (EIO)' }]);
  expect(tally).toMatchObject({ files: 2, findings: 1 });
});

test('a mistake of ours is no finding', async () => {
  const { found } = verify([{ kind: 'file', file: film('a') }], () => {
    throw new TypeError('a bug');
  });
  await expect(found).rejects.toThrow('a bug');
});

test('a stop in the middle of a file tells nothing of it', async () => {
  const stop = new AbortController();
  const files = ['a', 'b'].map((uuid): Inspected => ({ kind: 'file', file: film(uuid) }));
  const { found, tally } = verify(
    files,
    async function* () {
      yield FILM.subarray(0, 3);
      stop.abort();
      yield Buffer.from('something else');
    },
    stop.signal,
  );
  expect(await found).toEqual([]);
  expect(tally).toEqual({ files: 1, bytes: 3, findings: 0 });
});
