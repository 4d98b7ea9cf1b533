import { Pool } from 'undici';
// Loaded and not used: the memory of code is no part of what a walk costs.
import '../../src/assemble.js';
import './program.js';
import '../../src/engine/poller.js';
import '../../src/engine/urls.js';
import { type Cost, costOf, memoryNow } from './measure.js';
import { serve } from './serve.js';

/** Fetches the same pages and parses them, and nothing else. */

const PAGE_SIZE = 100;
let pool: Pool;
let basePath: string;

export const bareWalkerDeeds = serve({
  async open(apiUrl: string): Promise<void> {
    const { origin, pathname } = new URL(`${apiUrl}/recording`);
    pool = new Pool(origin);
    basePath = pathname;
  },
  walk(pages: number): Promise<Cost> {
    return costOf(async () => {
      for (let page = 1; page <= pages; page += 1) await fetchPage(page);
    });
  },
  memory: memoryNow,
});

async function fetchPage(page: number): Promise<void> {
  const path = `${basePath}?page=${page}&take=${PAGE_SIZE}`;
  const headers = { accept: 'application/json', client_id: 'client', secret: 'secret' };
  const { statusCode, body } = await pool.request({ method: 'GET', path, headers });
  const { data } = JSON.parse(await body.text()) as { readonly data: readonly unknown[] };
  if (statusCode !== 200 || data.length === 0) throw new Error(`page ${page}: status ${statusCode}`);
}
