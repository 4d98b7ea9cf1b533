import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ArchivedRecording, ArchiveError, type ArchiveFailureKind } from '../../src/archive/define.js';
import { createCarrier } from '../../src/archive/drain-carry.js';
import { type ArchivePlace, placeOf } from '../../src/archive/place.js';
import type { HttpClient } from '../../src/ports.js';
import { nonce } from '../../src/system.js';
import { realClock } from '../support/real-clock.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { fileOf, recordingNamed } from './drain-support.js';

const FILE = fileOf(recordingNamed('a'));
const RECORDING: ArchivedRecording = FILE;
const LINK = { url: 'https://files.example/a.mp4', givenBy: undefined, fresh: async () => undefined };

function carry(of: ArchivePlace['carry']) {
  let bytes = 0;
  const place = { carry: of } as ArchivePlace;
  const { signal } = new AbortController();
  const carried = createCarrier(place, {} as HttpClient)(RECORDING, LINK, signal, (more) => {
    bytes += more;
  });
  return { carried, received: () => bytes };
}

test('counts what comes over the network: not what was kept, and what is fetched anew twice', async () => {
  const { carried, received } = carry(async (_, __, { received: told }) => {
    for (const here of [700, 800, 0, 300, 1_000]) told?.(here);
    return { kind: 'archived', file: FILE };
  });
  expect(await carried).toEqual({ kind: 'archived', file: FILE });
  expect(received()).toBe(100 + 1_000);
});

test('what a server does is a failure of its recording', async () => {
  const { carried } = carry(async () => ({ kind: 'failed', reason: 'server_error', detail: 'the server says 500' }));
  expect(await carried).toEqual({ kind: 'failed', detail: 'the server says 500' });
});

test.each<{ kind: ArchiveFailureKind; endsAll: boolean }>([
  { kind: 'no_space', endsAll: true },
  { kind: 'forbidden', endsAll: true },
  { kind: 'unreachable', endsAll: false },
  { kind: 'broken', endsAll: false },
])('an archive that is $kind ends all: $endsAll', async ({ kind, endsAll }) => {
  const cause = new ArchiveError(kind, 'the archive does not take it');
  const { carried } = carry(async () => ({ kind: 'failed', reason: 'not_stored', detail: cause.message, cause }));
  if (endsAll) await expect(carried).rejects.toBe(cause);
  else expect(await carried).toEqual({ kind: 'failed', detail: cause.message });
});

test('an archive that cannot even begin a file is a failure of its recording', async () => {
  const file = join(temporaryFolder(), 'archive');
  writeFileSync(file, 'in its place');
  const place = placeOf({ to: file, s3: {} }, { clock: realClock, nonce });
  expect(await carry(place.carry).carried).toEqual({
    kind: 'failed',
    detail: `${file}: a file is where a folder has to be (ENOTDIR)`,
  });
});
