import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { builtDist } from '../support/build.js';
import { expectedEventId } from '../support/expected-id.js';
import { createStage, type Stage, sourceOf, webhookTo } from '../support/stage.js';
import { cleanServers, describeWith, newAddress } from '../support/store-servers.js';
import { describeWithTool } from '../support/tools.js';

const SCRIPT = join(import.meta.dirname, '../../config/deploy/move-store.sh');
const stage = createStage();

afterAll(cleanServers);

/** From SQLite to Redis, with something that becomes available just when nobody looks, and a receiver that takes nothing. */
async function openMove(more: object = {}) {
  const api = await stage.api();
  const [receiver, deaf] = [await stage.receiver(), await stage.receiver({ respond: () => ({ status: 500 }) })];
  const { url, prefix } = newAddress('redis');
  const sinks = { hook: webhookTo(receiver), deaf: webhookTo(deaf) };
  const config = { sources: { production: sourceOf(api) }, sinks, server: { listen: 'off' }, ...more };
  stage.configure({ ...config, store: 'sqlite:state/old.sqlite' }, 'old.yaml');
  stage.configure({ ...config, store: `${url}?prefix=${prefix}` }, 'new.yaml');
  return { api, receiver };
}

describeWithTool('jq', 'moving from one store to another', () => {
  describeWith('redis', 'from SQLite to Redis', () => {
    test('loses nothing and repeats nothing: neither what waits, nor what comes in between, nor what is to come', async () => {
      const { api, receiver } = await openMove();
      api.recordings.add({ uuid: 'long-ago', status: 'available' });
      api.recordings.add({ uuid: 'to-come' });
      await stage.run(['poll', '--config', 'old.yaml']);
      api.recordings.add({ uuid: 'told', status: 'available' });
      await stage.run(['poll', '--config', 'old.yaml']);
      api.recordings.add({ uuid: 'while-down', status: 'available' });

      const { code, stderr } = await move(api.url, 'in-between');
      expect(stderr).toContain('Became available meanwhile: 1.');
      expect(stderr).toContain('Still waiting for deaf: 2.');
      expect({ code, accepted: receiver.accepted }).toEqual({
        code: 1,
        accepted: ['told', 'while-down', 'in-between'].map(idOf),
      });
      expect(await pendingFor(stage, 'deaf')).toEqual(['in-between', 'told', 'while-down']);

      api.recordings.setStatus('to-come', 'available');
      await stage.run(['poll', '--config', 'new.yaml']);
      expect(receiver.accepted.slice(3)).toEqual([idOf('to-come')]);
    });

    test('is refused while something is held', async () => {
      const { api, receiver } = await openMove({ delivery: { floodLimit: 1 } });
      await stage.run(['poll', '--config', 'old.yaml']);
      for (const uuid of ['one', 'two']) api.recordings.add({ uuid, status: 'available' });
      const { code, stderr } = await move(api.url, 'in-between');
      expect({ code, stderr, accepted: receiver.accepted.length }).toEqual({
        code: 1,
        stderr: expect.stringContaining('Deliveries are held, 2: decide first, by "release" or "discard"'),
        accepted: 1,
      });
    });
  });
});

function idOf(uuid: string): string {
  return expectedEventId('recording.available', 'production', uuid, 1);
}

async function pendingFor({ run }: Stage, sink: string): Promise<string[]> {
  const { stdout } = await run(['deliveries', '--config', 'new.yaml', '--state', 'pending', '--sink', sink, '--json']);
  return stdout.map((line) => JSON.parse(line).uuid).toSorted();
}

/** Runs the script on the built program; just before the new store is first polled, a recording becomes available. */
async function move(apiUrl: string, uuid: string) {
  const program = `${process.execPath} ${join(await builtDist(), 'cli.js')}`;
  const control = JSON.stringify({ add: [{ uuid, status: 'available' }] });
  const wrapper = join(stage.folder, 'notifier');
  writeFileSync(
    wrapper,
    `#!/bin/sh
if [ "$*" = "poll --config new.yaml" ]; then
  ${process.execPath} -e 'await fetch("${new URL('/_control', apiUrl)}", { method: "POST", body: process.argv[1] })' '${control}' || exit 1
fi
exec ${program} "$@"
`,
  );
  chmodSync(wrapper, 0o700);
  const child = spawn('bash', [SCRIPT, 'old.yaml', 'new.yaml'], {
    cwd: stage.folder,
    env: { PATH: process.env['PATH'], RECORDING_NOTIFIER: wrapper },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { code, stderr };
}
