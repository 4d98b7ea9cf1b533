import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from './serve.js';

/** Node-RED with a function node that reads the list and remembers in its flow, and an HTTP node that sends. */

interface NodeRed {
  init(server: unknown, settings: object): void;
  start(): Promise<void>;
  readonly httpNode: RequestListener;
  readonly events: { once(name: string, listener: () => void): void };
}

let url: string;

export const nodeRedDeeds = serve({
  /** @param folder where it is installed @returns its version */
  async open(folder: string, apiUrl: string, hookUrl: string): Promise<string> {
    const require = createRequire(join(folder, 'package.json'));
    const RED = require('node-red') as NodeRed;
    const userDir = mkdtempSync(join(tmpdir(), 'bench-node-red-'));
    writeFileSync(join(userDir, 'flows.json'), JSON.stringify(flows(apiUrl, hookUrl)));
    const server = createServer((request, response) => RED.httpNode(request, response));
    RED.init(server, {
      ...{ userDir, flowFile: 'flows.json', httpAdminRoot: false, httpNodeRoot: '/', credentialSecret: false },
      functionGlobalContext: {
        fetch,
        sign: (key: string, text: string) => createHmac('sha256', key).update(text).digest('base64'),
      },
      logging: { console: { level: 'fatal', metrics: false, audit: false } },
    });
    const started = new Promise<void>((resolve) => RED.events.once('flows:started', resolve));
    await RED.start();
    await started;
    await once(server.listen(0, '127.0.0.1'), 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/poll`;
    await poll();
    return (require('node-red/package.json') as { version: string }).version;
  },
  poll,
});

async function poll(): Promise<void> {
  const { status } = await fetch(url);
  if (status !== 200) throw new Error(`the flow answered ${status}`);
}

function flows(apiUrl: string, hookUrl: string): readonly object[] {
  const z = 'tab';
  return [
    { id: z, type: 'tab', label: 'recordings' },
    { id: 'in', type: 'http in', z, url: '/poll', method: 'get', wires: [['look']] },
    { id: 'look', type: 'function', z, func: lookAt(apiUrl, hookUrl), outputs: 2, wires: [['done'], ['hook']] },
    { id: 'done', type: 'http response', z, statusCode: '200', wires: [] },
    { id: 'hook', type: 'http request', z, method: 'POST', ret: 'txt', url: hookUrl, wires: [[]] },
  ];
}

/** The body of the function node. */
function lookAt(apiUrl: string, hookUrl: string): string {
  return `
    const [fetch, sign] = [global.get('fetch'), global.get('sign')];
    const known = flow.get('known') || {};
    const isFirst = flow.get('known') === undefined;
    const news = [];
    for (let page = 1; ; page += 1) {
      const headers = { client_id: 'client', secret: 'secret' };
      const { data } = await (await fetch('${apiUrl}/recording?page=' + page + '&take=100', { headers })).json();
      if (data.length === 0) break;
      for (const row of data) {
        if (known[row.uuid] === row.status) continue;
        if (row.status === 'available' && !isFirst) news.push(row);
        known[row.uuid] = row.status;
      }
    }
    flow.set('known', known);
    const messages = news.map((row) => {
      const payload = JSON.stringify({ type: 'recording.available', data: row });
      const seconds = Math.floor(Date.now() / 1000);
      const headers = {
        'content-type': 'application/json', 'webhook-id': row.uuid, 'webhook-timestamp': String(seconds),
        'webhook-signature': 'v1,' + sign('a secret of some thirty-two bytes', row.uuid + '.' + seconds + '.' + payload),
      };
      return { payload, headers, url: '${hookUrl}' };
    });
    return [msg, messages];
  `;
}
