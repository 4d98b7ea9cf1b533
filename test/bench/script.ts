import { createHmac } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import Keyv from 'keyv';
import { schedule } from 'node-cron';
import { openSqlite } from '../../src/store/sqlite.js';
import { systemClock } from '../../src/system.js';
import { serve } from './serve.js';

/** What somebody writes in an afternoon: node-cron, keyv and fetch, with a get and a set for each recording. */

/** Sends while it reads, and remembers in memory; or reads the list first, compares it with what is on the disk, and then sends. */
export type ScriptKind = 'hasty' | 'lasting';

const PAGE_SIZE = 100;
const KEY = Buffer.from('a secret of some thirty-two bytes');

interface Row {
  readonly uuid: string;
  readonly status: string;
}

let known: Keyv<string>;
let kind: ScriptKind;
let [apiUrl, hookUrl] = ['', ''];
let isFirst = true;

export const scriptDeeds = serve({
  /** @param file of SQLite, for one that lasts */
  async open(of: ScriptKind, file: string, api: string, hook: string): Promise<void> {
    [kind, apiUrl, hookUrl] = [of, api, hook];
    known = kind === 'hasty' ? new Keyv() : new Keyv({ store: await openSqlite(file, 'create', systemClock) });
    schedule('0 0 1 1 *', poll);
    await poll();
    isFirst = false;
  },
  poll,
});

async function poll(): Promise<void> {
  const news: Row[] = [];
  for await (const row of rows()) {
    const before = await known.get(row.uuid);
    await known.set(row.uuid, row.status);
    if (isFirst || before === row.status || row.status !== 'available') continue;
    if (kind === 'hasty') await tell(row);
    else news.push(row);
  }
  for (const row of news) await tell(row);
}

async function* rows(): AsyncGenerator<Row> {
  for (let page = 1; ; page += 1) {
    const headers = { client_id: 'client', secret: 'secret' };
    const answer = await fetch(`${apiUrl}/recording?page=${page}&take=${PAGE_SIZE}`, { headers });
    const { data } = (await answer.json()) as { readonly data: readonly Row[] };
    if (data.length === 0) return;
    yield* data;
  }
}

async function tell(row: Row): Promise<void> {
  const body = JSON.stringify({ type: 'recording.available', data: row });
  const seconds = Math.floor(Date.now() / 1_000);
  const signature = createHmac('sha256', KEY).update(`${row.uuid}.${seconds}.${body}`).digest('base64');
  const headers = {
    ...{ 'content-type': 'application/json', 'webhook-id': row.uuid, 'webhook-timestamp': String(seconds) },
    'webhook-signature': `v1,${signature}`,
  };
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const answer = await fetch(hookUrl, { method: 'POST', headers, body });
    if (answer.ok) return;
    await wait(attempt * 1_000);
  }
}
