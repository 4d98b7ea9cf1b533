import type { RunningServer } from '../../src/server/server.js';
import type { WorkerStatus } from '../../src/server/worker.js';
import { startWorkerServer } from '../../src/server/worker-server.js';
import { systemClock } from '../../src/system.js';
import { createMemoryLog } from '../support/memory-log.js';

const SINCE = '2024-05-13T17:14:00.941Z';
const LEADER = { host: 'alpha', pid: 12, since: SINCE };
const STATUS: WorkerStatus = {
  ...{ version: '1', startedAt: SINCE, role: 'worker', ready: true, reasons: [], leader: LEADER },
  processes: [
    { host: 'alpha', pid: 12, role: 'leader', since: SINCE, takesPart: true },
    { host: 'beta<', pid: 13, role: 'worker', since: SINCE, takesPart: false },
  ],
  store: { label: 'redis://127.0.0.1:6379/0' },
};

let servers: RunningServer[] = [];
afterEach(async () => {
  const open = servers;
  servers = [];
  await Promise.all(open.map((server) => server.close()));
});

async function serve(change: Partial<WorkerStatus> = {}, token?: string) {
  const ports = { status: () => ({ ...STATUS, ...change }), token, clock: systemClock, log: createMemoryLog() };
  const server = await startWorkerServer({ host: '127.0.0.1', port: 0 }, ports);
  servers.push(server);
  return async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(new URL(path, server.url), { headers });
    return { status: response.status, text: await response.text() };
  };
}

test('a worker says that it is one, and who leads', async () => {
  const get = await serve();
  const { status, text } = await get('/readyz');
  expect([status, JSON.parse(text)]).toEqual([
    200,
    { ready: true, reasons: [], role: 'worker', leader: 'process 12 on alpha' },
  ]);
  expect(JSON.parse((await get('/api/status')).text)).toEqual(STATUS);
  const page = (await get('/')).text;
  expect(page).toContain('A worker; process 12 on alpha leads');
  expect(page).toContain('process 13 on beta&lt;');
  expect(page).toContain('It has another config or version, and takes no part: restart or reload it.');
  expect((await get('/healthz')).status).toBe(200);
});

test.each([
  { leader: LEADER, who: 'process 12 on alpha leads, and answers this' },
  { leader: null, who: 'nobody is known to lead now; ask again' },
])('what only the leader knows is refused: $who', async ({ leader, who }) => {
  const get = await serve({ leader });
  for (const path of ['/recordings', '/api/deliveries'])
    expect(await get(path)).toEqual({
      status: 503,
      text: JSON.stringify({ error: `this process is a worker: ${who}` }),
    });
});

test('it is not ready when it sees nobody lead, and says so', async () => {
  const reasons = ['nobody was seen to lead for 40 s'];
  const get = await serve({ ready: false, reasons, leader: null });
  const { status, text } = await get('/readyz');
  expect([status, JSON.parse(text)]).toEqual([503, { ready: false, reasons, role: 'worker', leader: null }]);
  expect((await get('/')).text).toContain('A worker; nobody is known to lead');
});

test.each([
  { ready: true, value: 1 },
  { ready: false, value: 0 },
])('it has metrics of its own: ready is $ready', async ({ ready, value }) => {
  const get = await serve({ ready });
  const { status, text } = await get('/metrics');
  expect(status).toBe(200);
  expect(text.split('\n')).toEqual(
    expect.arrayContaining([
      'recording_notifier_build_info{version="1"} 1',
      'recording_notifier_leads 0',
      `recording_notifier_ready ${value}`,
      expect.stringMatching(/^process_resident_memory_bytes \d+$/),
    ]),
  );
});

test('it shows nothing but its health without the token', async () => {
  const get = await serve({}, 'a-token-that-nobody-guesses');
  expect((await get('/')).status).toBe(401);
  expect((await get('/api/status')).status).toBe(401);
  expect((await get('/metrics')).status).toBe(401);
  expect((await get('/readyz')).status).toBe(200);
  expect((await get('/api/status', { authorization: 'Bearer a-token-that-nobody-guesses' })).status).toBe(200);
});
