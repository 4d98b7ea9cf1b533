import { createHash } from 'node:crypto';
import { createHttpClient } from '../../src/http/client.js';
import { archive } from '../../src/sinks/archive.js';
import { type Act, startFileServer } from '../support/file-server.js';
import { realClock } from '../support/real-clock.js';
import { BUCKET, type S3Server, startS3Server } from '../support/s3-server.js';
import { sampleEvent } from '../support/sample-event.js';
import { describeSink, type Place } from './conformance.js';

const FILM = Buffer.from('not really a film, but bytes all the same');

interface Given {
  readonly act?: Act;
  readonly to?: string;
  readonly spoil?: (server: S3Server) => void;
}

/** Storage, and a server that has the recording. */
async function openPlace({ act = {}, to = `s3://${BUCKET}/vault`, spoil }: Given = {}): Promise<Place> {
  const [storage, files] = [await startS3Server(), await startFileServer(FILM)];
  files.plan = () => act;
  spoil?.(storage);
  const { data } = sampleEvent;
  return {
    settings: { to, s3: storage.settings },
    event: { ...sampleEvent, data: { ...data, recording: { ...data.recording, url: files.url } } },
    urls: { givenBy: files.url, fresh: async () => undefined },
    arrived: () => notesOf(storage),
    async close() {
      await files.close();
      await storage.close();
    },
  };
}

/** Each file has its JSON, once it is whole. */
function notesOf({ requests }: S3Server): string[] {
  return requests.filter(({ method, key }) => method === 'PUT' && key.endsWith('.mp4.json')).map(({ key }) => key);
}

function refusing(status: number, code: string): Given {
  return { spoil: ({ fail }) => fail({ status, code }, ({ method }) => method !== 'GET') };
}

describeSink({
  definition: archive,
  secrets: ['Signature=secret', 'planted-secret-key', 'planted-signature', 'planted-message', 'AKIATEST'],
  knowsAgain: true,
  open: () => openPlace(),
  failures: [
    {
      name: 'an error page in place of the recording',
      want: 'download_failed',
      open: () => openPlace({ act: { headers: { 'content-type': 'text/html' } } }),
    },
    {
      name: 'a refused signature',
      want: 'archive_refused',
      open: () => openPlace(refusing(403, 'SignatureDoesNotMatch')),
    },
    { name: 'storage without room', want: 'archive_full', open: () => openPlace(refusing(400, 'QuotaExceeded')) },
    {
      name: 'a bucket that is not there',
      want: 'archive_failed',
      open: () => openPlace({ to: 's3://another-bucket' }),
    },
    {
      name: 'storage that fails once the file has come',
      want: 'archive_failed',
      open: () =>
        openPlace({ spoil: ({ fail }) => fail({ status: 400, code: 'Odd' }, ({ key }) => /json$/.test(key)) }),
    },
  ],
});

test('says where in the bucket the recording is, how long it is, and its sum', async () => {
  const place = await openPlace();
  const settings = archive.settings.parse(place.settings);
  const outcome = await deliverOnce(place, settings);
  expect(outcome).toEqual({
    kind: 'delivered',
    receipt: `archived, ${FILM.byteLength} bytes`,
    archived: {
      location: expect.stringMatching(/^s3:\/\/archive\/vault\/production\/2024-05-13\/.+-7b0f3e9c_[0-9a-f]{16}\.mp4$/),
      bytes: FILM.byteLength,
      sha256: createHash('sha256').update(FILM).digest('hex'),
    },
  });
});

async function deliverOnce(place: Place, settings: ReturnType<typeof archive.settings.parse>) {
  const http = createHttpClient({ privateAddresses: 'allow', clock: realClock, userAgent: 'test' });
  try {
    return await archive.deliver(place.event ?? sampleEvent, {
      ...{ name: 'vault', progress: null, settings, http, clock: realClock, timeoutMs: 20_000, urls: place.urls },
      ...{ random: Math.random, signal: new AbortController().signal, print: async () => undefined },
    });
  } finally {
    await archive.close?.(settings);
    await http.close();
    await place.close();
  }
}
