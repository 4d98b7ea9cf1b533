import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { assembleServed, createConfiguredHttp } from '../src/assemble.js';
import { loadConfig } from '../src/config/load.js';
import { createMemoryLog } from './support/memory-log.js';
import { openTestStore } from './support/open-store.js';

function configWith(more: string) {
  const text = `sources: { a: { auth: { clientId: a, secret: b } } }\nsinks: { out: { type: stdout } }\n${more}\n`;
  const loaded = loadConfig('notifier.yaml', text, { env: {}, readFile: () => '' });
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

test('the client of the program names the proxy of its environment, also after a reload', async () => {
  const environment = { HTTPS_PROXY: 'http://proxy.example:3128', NO_PROXY: 'inside.example' };
  const http = createConfiguredHttp(configWith(''), { environment });
  const proxies = () =>
    ['https://bucket.example', 'https://inside.example'].map((url) => http.proxyFor?.(new URL(url))?.href);
  expect(proxies()).toEqual(['http://proxy.example:3128/', undefined]);
  http.configure(configWith('network: { privateAddresses: deny }'));
  expect(proxies()).toEqual(['http://proxy.example:3128/', undefined]);
  await http.close();
});

test.each([
  { name: 'that nobody chose is a warning', isDefault: true, want: undefined },
  { name: 'that somebody chose is an error', isDefault: false, want: 'ListenError' },
])('a port that is taken, $name', async ({ isDefault, want }) => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as AddressInfo;
  const config = configWith('');
  const server = { listen: { host: '127.0.0.1', port }, isDefault, token: undefined };
  const log = createMemoryLog();
  const store = await openTestStore('memory');
  const http = createConfiguredHttp(config, { environment: {} });
  const served = await assembleServed({ ...config, server }, { store, http, log, print: async () => undefined });
  const ended = await served.serve().then(
    (running) => running?.url,
    (error: Error) => error.name,
  );
  expect(ended).toBe(want);
  expect(log.lines.filter(({ level }) => level === 'warn')).toMatchObject(
    isDefault ? [{ fields: { address: `127.0.0.1:${port}`, problem: 'another program listens there' } }] : [],
  );
  other.close();
  await http.close();
  await store.close();
});
