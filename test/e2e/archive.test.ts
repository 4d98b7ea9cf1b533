import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReceivedMessage } from '../../src/fake/receiver.js';
import { expectedEventId } from '../support/expected-id.js';
import { type FileServer, startFileServer } from '../support/file-server.js';
import { createStage, sourceOf, webhookTo } from '../support/stage.js';

const stage = createStage();
const servers: FileServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** No two parts of it are alike. */
function filmOf(bytes: number): Buffer {
  const words = new Uint32Array(bytes / 4);
  for (let index = 0, word = 1; index < words.length; index += 1) {
    word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0;
    words[index] = word;
  }
  return Buffer.from(words.buffer);
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The platform, the storage that its URLs lead to, an archive, and somebody who hears of what is archived. */
async function openScene(film: Buffer) {
  const files = await startFileServer(film);
  servers.push(files);
  const api = await stage.api();
  const receiver = await stage.receiver();
  stage.configure({
    sources: { production: sourceOf(api) },
    sinks: {
      vault: { type: 'archive', to: './archive' },
      hook: webhookTo(receiver, { events: ['recording.archived'] }),
    },
  });
  const folder = join(stage.folder, 'archive');
  return {
    ...{ api, files, receiver, folder },
    addAvailable: () => api.recordings.add({ status: 'available', meetingId: 'm', overrides: { url: files.url } }),
    /** Everything in the archive but its notes and what is under way. */
    films: () =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.mp4'))
        .map((path) => join(folder, path)),
  };
}

function archiveOf({ json }: ReceivedMessage): unknown {
  return (json as { data: { archive: unknown } }).data.archive;
}

test('a recording that becomes available is archived, and a webhook hears where it is', async () => {
  const film = filmOf(300_000);
  const { receiver, addAvailable, films } = await openScene(film);
  const program = await stage.start(['run']);
  await stage.untilLog(program, /^first poll complete/);
  const uuid = addAvailable();
  const [message] = await receiver.waitFor(1);
  const [location = ''] = films();
  expect(message?.json).toMatchObject({
    type: 'recording.archived',
    data: {
      source: 'production',
      recording: { uuid, status: 'available', url: null, urlExpiresAt: null },
      previousStatus: null,
      occurrence: 1,
      archive: { location, bytes: film.byteLength, sha256: sha256Of(film), sink: 'vault' },
    },
  });
  expect(message?.id).toBe(expectedEventId('recording.archived', 'production', uuid, 1));
  expect(sha256Of(readFileSync(location))).toBe(sha256Of(film));
  program.kill('SIGTERM');
  expect(await program.ended).toMatchObject({ code: 0 });
  const { stdout } = await stage.run(['deliveries', '--state', 'delivered', '--json']);
  expect(stdout.map((line) => JSON.parse(line).sink).sort()).toEqual(['hook', 'vault']);
});

test('killed before a file has come whole, it goes on there, and the file is whole and told once', async () => {
  // More than is written between two notes of what is kept.
  const film = filmOf(32 * 1024 * 1024);
  const { files, receiver, addAvailable, films } = await openScene(film);
  const onItsWay = Promise.withResolvers<void>();
  files.plan = (number) => {
    if (number === 1) return { breakAfter: 24 * 1024 * 1024 };
    if (number > 2) return {};
    onItsWay.resolve();
    return { status: 503 };
  };
  const killed = await stage.start(['run']);
  await stage.untilLog(killed, /^first poll complete/);
  addAvailable();
  await onItsWay.promise;
  killed.kill('SIGKILL');
  await killed.ended;
  expect(films()).toEqual([]);

  const program = await stage.start(['run']);
  const [message] = await receiver.waitFor(1);
  const [location = '', ...others] = films();
  expect(others).toEqual([]);
  expect(archiveOf(message as ReceivedMessage)).toEqual({
    ...{ location, bytes: film.byteLength, sha256: sha256Of(film), sink: 'vault' },
  });
  expect(sha256Of(readFileSync(location))).toBe(sha256Of(film));
  expect(files.requests.at(-1)?.range).toMatch(/^bytes=[1-9]\d+-$/);
  program.kill('SIGTERM');
  expect(await program.ended).toMatchObject({ code: 0 });
  expect(receiver.messages).toHaveLength(1);
});

test('an archive that cannot be written to is found by check --connect', async () => {
  await openScene(filmOf(4));
  writeFileSync(join(stage.folder, 'archive'), 'a file in its place');
  const { code, stdout } = await stage.run(['check', '--connect']);
  expect(code).toBe(1);
  expect(stdout.find((line) => line.includes('sinks.vault'))).toMatch(/^failed +sinks\.vault: .*archive/);
});
