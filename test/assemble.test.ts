import { createConfiguredHttp } from '../src/assemble.js';
import { loadConfig } from '../src/config/load.js';

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
