import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FakeApi } from '../../src/fake/api.js';
import { createStage, type StagedReceiver, sourceOf, webhookTo } from '../support/stage.js';

const stage = createStage();

function configOf(api: FakeApi, pings: StagedReceiver, more: object = {}): object {
  return {
    sources: { production: sourceOf(api), other: sourceOf(api) },
    sinks: { out: { type: 'stdout' } },
    heartbeat: `${pings.url}ping-token`,
    ...more,
  };
}

test('poll beats once at its end, when every source was polled completely and what is due was tried', async () => {
  const arrived: string[] = [];
  const api = await stage.api();
  const note = (what: string) => () => {
    arrived.push(what);
    return { status: 200 };
  };
  const [pings, hook] = [
    await stage.receiver({ respond: note('ping') }),
    await stage.receiver({ respond: note('hook') }),
  ];
  stage.configure(configOf(api, pings, { sinks: { hook: webhookTo(hook) } }));
  await stage.run(['poll']);
  api.recordings.add({ status: 'available' });
  await stage.run(['poll', '--dry-run']);
  expect(arrived).toEqual(['ping']);
  await stage.run(['poll']);
  expect(arrived).toEqual(['ping', 'hook', 'hook', 'ping']);
  api.fault({ kind: 'answer', status: 401, body: {} });
  await stage.run(['poll']);
  expect(arrived).toHaveLength(4);
});

test('run beats after each round, also after a reload with another URL', async () => {
  const api = await stage.api();
  const [pings, others] = [await stage.receiver(), await stage.receiver()];
  const program = await stage.start(['run'], { config: configOf(api, pings) });
  await pings.waitFor(2);
  writeFileSync(join(stage.folder, 'config/notifier.yaml'), JSON.stringify(configOf(api, others)));
  program.kill('SIGHUP');
  await others.waitFor(2);
  expect(pings.messages[0]).toMatchObject({ method: 'GET', path: '/ping-token' });
  expect([...program.stderr, ...program.stdout].join('\n')).not.toContain('ping-token');
});

test('check --connect reaches for the host and sends no sign of life', async () => {
  const api = await stage.api();
  const pings = await stage.receiver();
  stage.configure(configOf(api, pings, { store: 'memory' }));
  const fine = await stage.run(['check', '--connect']);
  expect(fine.stdout).toContain('ok      heartbeat: its host can be reached; "run" and "poll" request it');
  expect(pings.messages).toEqual([]);
  await pings.close();
  const failed = await stage.run(['check', '--connect']);
  expect(failed.code).toBe(1);
  expect(failed.stdout.join('\n')).toMatch(/^failed +heartbeat: .*127\.0\.0\.1/m);
  expect(failed.stdout.join('\n')).not.toContain('ping-token');
});
