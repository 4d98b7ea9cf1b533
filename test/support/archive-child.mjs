// Downloads one recording into a folder with the built program, and says how far it is: argv is dist, folder, url.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , dist, folder, url] = process.argv;
const load = (path) => import(pathToFileURL(join(dist, path)));
const { download } = await load('archive/download.js');
const { folderTarget } = await load('archive/folder.js');
const { createHttpClient } = await load('http/client.js');
const { systemClock: clock, nonce } = await load('system.js');

const target = folderTarget({ folder, clock, nonce });
await target.open();
const recording = { source: 'main', uuid: 'a', occurrence: 1, roomId: null, meetingId: null, createdAt: null };
const http = createHttpClient({ privateAddresses: 'allow', clock, userAgent: 'test' });
let told = 0;
const got = await download({
  http,
  clock,
  firstUrl: url,
  givenBy: url,
  freshUrl: async () => undefined,
  draft: await target.begin(recording, 'a.mp4'),
  signal: new AbortController().signal,
  progress: (bytes) => {
    if (bytes - told < 1_000_000) return;
    told = bytes;
    process.stdout.write(`${JSON.stringify({ bytes, memoryBytes: process.memoryUsage().rss })}\n`);
  },
});
process.stdout.write(`${JSON.stringify(got)}\n`);
await http.close();
