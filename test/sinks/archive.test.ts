import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import type { RecordingEvent } from '../../src/core/event.js';
import { createHttpClient } from '../../src/http/client.js';
import { archive } from '../../src/sinks/archive.js';
import type { UrlSupply } from '../../src/sinks/define.js';
import { type Act, startFileServer } from '../support/file-server.js';
import { createManualClock } from '../support/manual-clock.js';
import { realClock } from '../support/real-clock.js';
import { sampleEvent } from '../support/sample-event.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/turn.js';
import { describeSink, type Place } from './conformance.js';

const FILM = Buffer.from('not really a film, but bytes all the same');
const FILM_SHA256 = createHash('sha256').update(FILM).digest('hex');

function eventWith(url: string | null): RecordingEvent {
  const { data } = sampleEvent;
  return { ...sampleEvent, data: { ...data, recording: { ...data.recording, url } } };
}

function linesOf(folder: string): string[] {
  const manifest = join(folder, 'manifest.jsonl');
  return existsSync(manifest) ? readFileSync(manifest, 'utf8').trimEnd().split('\n') : [];
}

function supplyOf(givenBy: string | undefined, fresh: string | undefined): UrlSupply {
  return { givenBy, fresh: async () => fresh };
}

/** A folder, and a server that has the recording. */
async function openPlace(act: Act = {}, isTrusted = true): Promise<Place & { readonly folder: string }> {
  const server = await startFileServer(FILM);
  server.plan = () => act;
  const folder = join(temporaryFolder(), 'archive');
  return {
    folder,
    settings: { to: folder },
    event: eventWith(server.url),
    urls: supplyOf(isTrusted ? server.url : undefined, undefined),
    arrived: () => linesOf(folder).filter((line) => line !== ''),
    async close() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
      writeFileSync(folder, 'in its place');
    },
  };
}

async function openBlocked(): Promise<Place> {
  const place = await openPlace();
  writeFileSync(place.folder, 'in its place');
  return place;
}

/** Takes the request and says nothing. */
async function openSilent(): Promise<Place> {
  const reached = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => reached.resolve());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.mp4`;
  const place = await openPlace();
  return {
    ...place,
    event: eventWith(url),
    urls: supplyOf(url, undefined),
    reached: () => reached.promise,
    async close() {
      server.close();
      await place.close();
    },
  };
}

describeSink({
  definition: archive,
  secrets: ['Signature=secret'],
  knowsAgain: true,
  open: openPlace,
  failures: [
    {
      name: 'an error page',
      want: 'download_failed',
      open: () => openPlace({ headers: { 'content-type': 'text/html' } }),
    },
    {
      name: 'too many requests',
      want: 'rate_limited',
      open: () => openPlace({ status: 429, headers: { 'retry-after': '90' } }),
    },
    {
      name: 'a private address from an API that is at none',
      want: 'address_forbidden',
      open: () => openPlace({}, false),
    },
    { name: 'a file in place of the folder', want: 'archive_failed', open: openBlocked },
  ],
  openSilent,
});

async function deliver(place: Place, event: RecordingEvent, urls?: UrlSupply) {
  const settings = archive.settings.parse(place.settings);
  const http = createHttpClient({ privateAddresses: 'allow', clock: realClock, userAgent: 'test' });
  try {
    return await archive.deliver(event, {
      ...{ name: 'vault', progress: null, settings, http, clock: realClock, timeoutMs: 20_000 },
      urls: urls ?? place.urls,
      random: Math.random,
      signal: new AbortController().signal,
      print: async () => undefined,
    });
  } finally {
    await archive.close?.(settings);
    await http.close();
    await place.close();
  }
}

test('says where the recording is, how long it is, and its sum', async () => {
  const place = await openPlace();
  expect(await deliver(place, place.event ?? sampleEvent)).toEqual({
    kind: 'delivered',
    receipt: `archived, ${FILM.byteLength} bytes`,
    archived: {
      location: expect.stringMatching(`^${place.folder}/production/2024-05-13/.+-7b0f3e9c_[0-9a-f]{16}\\.mp4$`),
      bytes: FILM.byteLength,
      sha256: FILM_SHA256,
    },
  });
});

test('without a URL it asks for one', async () => {
  const place = await openPlace();
  const { url } = (place.event ?? sampleEvent).data.recording;
  expect(await deliver(place, eventWith(null), supplyOf(url ?? '', url ?? ''))).toMatchObject({ kind: 'delivered' });
});

test('without any URL there is nothing to fetch', async () => {
  const place = await openPlace();
  expect(await deliver(place, eventWith(null))).toMatchObject({ kind: 'failed', reason: 'no_url' });
});

test('a sample is not stored, and shows that the archive can be written to', async () => {
  const place = await openPlace();
  const sample = { ...sampleEvent, data: { ...sampleEvent.data, test: true as const } };
  expect(await deliver(place, sample)).toEqual({
    kind: 'delivered',
    receipt: 'it can be written to; a sample is not stored',
  });
  const blocked = await openBlocked();
  expect(await deliver(blocked, sample)).toMatchObject({ kind: 'failed', reason: 'archive_failed' });
});

test('what is no recording that is available is given up', async () => {
  const place = await openPlace();
  const stuck = { ...sampleEvent, type: 'recording.stuck' as const };
  expect(await deliver(place, stuck)).toMatchObject({ kind: 'failed', reason: 'rejected_by_receiver' });
});

test('downloads that began before a reload count for the rate after it', async () => {
  const clock = createManualClock();
  const http = createHttpClient({ privateAddresses: 'allow', clock: realClock, userAgent: 'test' });
  const over: string[] = [];
  const scenes = await Promise.all(['before', 'after'].map(async (name) => ({ name, place: await openPlace() })));
  const begun = scenes.map(async ({ name, place }) => {
    const settings = archive.settings.parse({ to: place.folder, maxRate: '1kB/s' });
    const outcome = await archive.deliver(place.event ?? sampleEvent, {
      ...{ name: 'vault', progress: null, settings, http, clock, timeoutMs: 20_000, urls: place.urls },
      ...{ signal: new AbortController().signal, print: async () => undefined },
    });
    over.push(`${name}: ${outcome.kind}`);
    await archive.close?.(settings);
  });
  // Each has all of its bytes, and is to wait for as many milliseconds.
  await until(() => clock.timers() === 2);
  clock.advance(FILM.byteLength);
  await until(() => over.length === 1);
  expect(clock.timers()).toBe(1);
  clock.advance(FILM.byteLength);
  await Promise.all(begun);
  expect(over.toSorted()).toEqual(['after: delivered', 'before: delivered']);
  await Promise.all([http.close(), ...scenes.map(({ place }) => place.close())]);
});
