import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createStage, sourceOf, webhookTo } from '../support/stage.js';

const stage = createStage();
const TOKEN = 'token-7c1e-long-enough';

async function configured(server: object): Promise<object> {
  const api = await stage.api();
  const receiver = await stage.receiver();
  return { sources: { production: sourceOf(api) }, sinks: { hook: webhookTo(receiver) }, store: 'memory', server };
}

/** A port that somebody has. */
async function takenPort(): Promise<{ readonly port: number; readonly release: () => void }> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return { port: (server.address() as AddressInfo).port, release: () => server.close() };
}

test('run says where its page is, answers there, and lets go of the port at the end', async () => {
  const config = await configured({ listen: '127.0.0.1:0', token: TOKEN });
  const program = await stage.start(['run'], { config });
  const { page } = await stage.untilLog(program, 'running');
  const ready = await fetch(`${page}readyz`);
  expect([ready.status, await ready.json()]).toEqual([200, { ready: true, reasons: [] }]);
  const status = await fetch(`${page}api/status`, { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(await status.json()).toMatchObject({ sources: [{ name: 'production' }], sinks: [{ name: 'hook' }] });
  expect((await fetch(`${page}api/status`)).status).toBe(401);
  program.kill('SIGTERM');
  expect((await program.ended).code).toBe(0);
  await expect(fetch(`${page}healthz`)).rejects.toThrow();
});

test('a configured port that is taken is an error that says what would do', async () => {
  const { port, release } = await takenPort();
  const program = await stage.start(['run'], { config: await configured({ listen: `127.0.0.1:${port}` }) });
  expect((await program.ended).code).toBe(1);
  expect(program.stderr.join('\n')).toContain(
    `server.listen: 127.0.0.1:${port}: another program listens there; write another one, or off`,
  );
  release();
});

test('a changed server is told to need a restart', async () => {
  const config = await configured({ listen: '127.0.0.1:0' });
  const program = await stage.start(['run'], { config });
  await stage.untilLog(program, 'running');
  stage.configure({ ...config, server: { listen: 'off' } });
  program.kill('SIGHUP');
  await stage.untilLog(program, 'a changed server needs a restart; the old one stays until then');
  await stage.untilLog(program, 'config reloaded');
  program.kill('SIGTERM');
  await program.ended;
});
