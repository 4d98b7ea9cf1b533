import { createHash } from 'node:crypto';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { archive } from '../src/sinks/archive.js';
import { startDoor } from './engine/door.js';
import { webhookTo } from './engine/sinks.js';
import { startFileServer } from './support/file-server.js';
import { configOf, openWorld, sourcePolled, startProgram, stopProgram } from './support/notifier-stage.js';
import { BUCKET, startS3Server } from './support/s3-server.js';

/** More than one part of an upload. */
const FILM = Buffer.alloc(9_000_000, 'a film in parts ');

test('a recording that becomes available is stored in a bucket, and who listens hears where', async () => {
  const [storage, files] = [await startS3Server(), await startFileServer(FILM)];
  await using world = await openWorld();
  await using door = await startDoor();
  const vault = {
    ...webhookTo('vault', door.url, { includeUrl: true, timeoutMs: 43_200_000 }),
    definition: archive,
    settings: archive.settings.parse({ to: `s3://${BUCKET}/vault`, s3: storage.settings }),
  };
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
