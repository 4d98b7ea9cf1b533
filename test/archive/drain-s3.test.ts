import { createDrain } from '../../src/archive/drain.js';
import { createCarrier } from '../../src/archive/drain-carry.js';
import { createVerification } from '../../src/archive/drain-verify.js';
import { placeOf } from '../../src/archive/place.js';
import { startFakeApi } from '../../src/fake/api.js';
import { createHttpClient } from '../../src/http/client.js';
import { nonce } from '../../src/system.js';
import { many, openSource } from '../source/support.js';
import { collect } from '../support/collect.js';
import { startFaultyFiles } from '../support/faulty-files.js';
import { realClock } from '../support/real-clock.js';
import { BUCKET, startS3Server } from '../support/s3-server.js';

const COUNT = 30;

test('drains an account into storage, fetches nothing twice, and finds a byte that has changed', async () => {
  const storage = await startS3Server();
  const files = await startFaultyFiles({ seed: '1', share: 0 });
  const recordings = many(COUNT).map((recording) => ({ ...recording, status: 'available' }));
  await using api = await startFakeApi({ clock: realClock, recordings, fileUrl: files.urlOf });
  await using opened = openSource(api.url);
  const http = createHttpClient({ privateAddresses: 'allow', clock: realClock, userAgent: 'test' });
  const place = placeOf({ to: `s3://${BUCKET}/vault`, s3: storage.settings }, { clock: realClock, nonce });
  const { target } = place;
  const { signal } = new AbortController();

  async function drain() {
    await target.open();
    const { tally, run } = createDrain(
      [{ name: 'production', source: opened.source, address: api.url, emptyList: 'doubt' }],
      { clock: realClock, target, carry: createCarrier(place, http), tell: async () => undefined },
      { concurrency: 8, roundWaitsMs: [], walkWaitsMs: [] },
    );
    await run(signal);
    return tally;
  }
  const verify = () => collect(createVerification(target).findings(signal));

  expect(await drain()).toMatchObject({ seen: COUNT, before: 0, archived: COUNT, problems: [] });
  const archived = await collect(target.files());
  expect(archived.filter(({ uuid, sha256 }) => sha256 === files.sha256Of(uuid))).toHaveLength(COUNT);
  expect(await verify()).toEqual([]);

  expect(await drain()).toMatchObject({ seen: COUNT, before: COUNT, archived: 0, problems: [] });
  expect(files.requestCount).toBe(COUNT);

  const [spoiled, gone] = archived;
  if (spoiled === undefined || gone === undefined) throw new Error('nothing is archived');
  await storage.put(`vault/${spoiled.path}`, 'x'.repeat(spoiled.bytes));
  await storage.put(`vault/${gone.path}`, 'x'.repeat(gone.bytes + 1));
  expect(await verify()).toEqual(
    expect.arrayContaining([
      { kind: 'damaged', path: spoiled.path, detail: expect.stringContaining(`${spoiled.sha256} was archived`) },
      { kind: 'damaged', path: gone.path, detail: expect.stringContaining(`${gone.bytes} were archived`) },
    ]),
  );
  await Promise.all([target.close(), http.close(), files.close(), storage.close()]);
});
