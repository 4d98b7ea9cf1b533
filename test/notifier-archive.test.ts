import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { SinkConfig } from '../src/config/config.js';
import { archive } from '../src/sinks/archive.js';
import { startDoor } from './engine/door.js';
import { webhookTo } from './engine/sinks.js';
import { startFileServer } from './support/file-server.js';
import { configOf, openWorld, sourcePolled, startProgram, stopProgram } from './support/notifier-stage.js';
import { BUCKET, startS3Server } from './support/s3-server.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { until } from './support/turn.js';

/** More than one part of an upload. */
const MIB = 1024 * 1024;
const FILM = Buffer.alloc(9_000_000, 'a film in parts ');

test('a recording that becomes available is stored in a bucket, and who listens hears where', async () => {
  const [storage, files] = [await startS3Server(), await startFileServer(FILM)];
  await using world = await openWorld();
  await using door = await startDoor();
  const vault = vaultIn({ to: `s3://${BUCKET}/vault`, s3: storage.settings });
  const hook = webhookTo('hook', door.url, { events: ['recording.archived'] });
  await using program = await startProgram(world, configOf([sourcePolled(world)], [vault, hook]));
  world.api.recordings.update('soon', { status: 'available', overrides: { url: files.url } });
  await program.notifier.pollAll();
  const [message] = await door.waitFor(1);
  expect(message?.json).toMatchObject({
    type: 'recording.archived',
    data: {
      recording: { uuid: 'soon', url: null },
      archive: {
        location: expect.stringMatching(/^s3:\/\/archive\/vault\/production\/.+soon.+\.mp4$/),
        bytes: FILM.byteLength,
        sha256: createHash('sha256').update(FILM).digest('hex'),
        sink: 'vault',
      },
    },
  });
  const { location } = ((message?.json ?? {}) as { data: { archive: { location: string } } }).data.archive;
  const at = { Bucket: BUCKET, Key: location.slice(`s3://${BUCKET}/`.length) };
  const { Body } = await storage.client.send(new GetObjectCommand(at));
  expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(FILM)).toBe(true);
  await stopProgram(program, world);
  await Promise.all([files.close(), storage.close()]);
});

test('stopped in the middle of a file, it goes on there in the next run', async () => {
  const files = await startFileServer(FILM);
  files.plan = (number) => (number === 1 ? { holdAfter: 5 * MIB } : {});
  const folder = temporaryFolder();
  await using world = await openWorld();
  await using door = await startDoor();
  const vault = vaultIn({ to: folder });
  const hook = webhookTo('hook', door.url, { events: ['recording.archived'] });
  const config = configOf([sourcePolled(world)], [vault, hook]);
  await using stopped = await startProgram(world, config);
  world.api.recordings.update('soon', { status: 'available', overrides: { url: files.url } });
  await stopped.notifier.pollAll();
  await until(() => sizeOf(folder, '.part') === 5 * MIB);
  expect(sizeOf(folder, '.note')).toBe(0);
  await stopProgram(stopped, world);
  await until(() => sizeOf(folder, '.note') > 0);

  await using next = await startProgram(world, { ...config, sinks: [vaultIn({ to: folder }), hook] });
  const [message] = await door.waitFor(1);
  const sha256 = createHash('sha256').update(FILM).digest('hex');
  expect(message?.json).toMatchObject({ data: { archive: { bytes: FILM.byteLength, sha256 } } });
  expect(files.requests.map(({ range }) => range)).toEqual([undefined, `bytes=${5 * MIB}-`]);
  await stopProgram(next, world);
  await files.close();
});

/** Of what is under way. */
function sizeOf(folder: string, ending: string): number {
  const hidden = join(folder, '.partial');
  const name = existsSync(hidden) ? readdirSync(hidden).find((each) => each.endsWith(ending)) : undefined;
  return name === undefined ? 0 : statSync(join(hidden, name)).size;
}

function vaultIn(settings: object): SinkConfig {
  const common = webhookTo('vault', 'http://127.0.0.1', { includeUrl: true, timeoutMs: 43_200_000 });
  return { ...common, definition: archive, settings: archive.settings.parse(settings) };
}
