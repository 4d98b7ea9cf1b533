// Appends lines to a file with the built sink, one after the other, and says of each what became of it: argv is dist, path, word, count.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , dist, path, word, count] = process.argv;
const load = (module) => import(pathToFileURL(join(dist, module)));
const { file } = await load('sinks/file.js');
const { systemClock: clock } = await load('system.js');

const settings = file.settings.parse({ path, maxSize: '8kB', keep: 1000 });
const { signal } = new AbortController();
for (let number = 1; number <= Number(count); number += 1) {
  const id = `evt_${word}${number}`;
  const event = { id, type: 'recording.available', timestamp: '', source: 'main', data: { test: true } };
  const { kind, reason } = await file.deliver(event, { settings, clock, signal, timeoutMs: 20_000 });
  process.stdout.write(`${kind === 'delivered' ? id : reason}\n`);
}
