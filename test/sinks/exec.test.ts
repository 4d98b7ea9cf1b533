import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { NotifierEvent } from '../../src/core/event.js';
import type { RecordingUuid } from '../../src/core/id.js';
import { exec } from '../../src/sinks/exec.js';
import { systemPrograms } from '../../src/system.js';
import { createManualClock } from '../support/manual-clock.js';
import { sampleEvent } from '../support/sample-event.js';
import { createStage, sourceOf } from '../support/stage.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/turn.js';
import { describeSink, type Place } from './conformance.js';

const SECRET = 'token-5d1c';

interface Scene extends Place {
  readonly folder: string;
  readonly settings: { readonly command: readonly string[]; readonly env: Readonly<Record<string, string>> };
}

/** A program that is a shell script; its first argument is a path that is its own. */
async function openScript(body: string, { head = '#!/bin/sh\n', mode = 0o755 } = {}): Promise<Scene> {
  const folder = join(temporaryFolder(), 'place');
  mkdirSync(folder);
  const [script, out] = [join(folder, 'notify.sh'), join(folder, 'out')];
  writeFileSync(script, `${head}${body}\n`);
  chmodSync(script, mode);
  return {
    folder,
    settings: { command: [script, out], env: { TOKEN: SECRET } },
    programs: systemPrograms,
    arrived: () => (existsSync(out) ? readFileSync(out, 'utf8').split('\n').slice(0, -1) : []),
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** One whose `out` is a pipe, which the test reads: it is at its end when nobody has it open for writing any more. */
async function openPiped(body: string) {
  const scene = await openScript(body);
  spawnSync('mkfifo', [join(scene.folder, 'out')]);
  const reader = createReadStream(join(scene.folder, 'out'));
  const ended = once(reader.resume(), 'end');
  return { ...scene, ended, spoken: once(reader, 'data'), arrived: () => [] };
}

async function openSilent(): Promise<Place> {
  const { ended, ...scene } = await openPiped('cat > "$1"\nexec sleep 1000');
  return { ...scene, reached: async () => void (await ended) };
}

async function withSettings(open: Promise<Scene>, more: object): Promise<Place> {
  const scene = await open;
  return { ...scene, settings: { ...scene.settings, ...more } };
}

describeSink({
  definition: exec,
  secrets: [SECRET],
  open: () => openScript('cat >> "$1"'),
  failures: [
    ...[
      { code: 1, want: 'program_failed' as const },
      { code: 65, want: 'rejected_by_receiver' as const },
      { code: 75, want: 'program_failed' as const },
      { code: 78, want: 'program_unusable' as const },
      { code: 127, want: 'program_unusable' as const },
    ].map(({ code, want }) => ({
      name: `exit code ${code}`,
      want,
      open: () => openScript(`env; env >&2; exit ${code}`),
    })),
    { name: 'an end by a signal', want: 'program_failed', open: () => openScript('kill -SEGV $$') },
    {
      name: 'a program that is not there',
      want: 'program_unusable',
      open: () => withSettings(openScript(''), { command: ['/srv/none/notify.sh'] }),
    },
    {
      name: 'a program that is in no folder of PATH',
      want: 'program_unusable',
      open: () => withSettings(openScript(''), { command: ['no-such-program'] }),
    },
    {
      name: 'a program that may not be executed',
      want: 'program_unusable',
      open: () => openScript('', { mode: 0o644 }),
    },
    {
      name: 'a script without a first line',
      want: 'program_unusable',
      open: () => openScript('\0\u0001', { head: '' }),
    },
    {
      name: 'a script for a program that is not there',
      want: 'program_unusable',
      open: () => openScript('', { head: '#!/srv/none/shell\n' }),
    },
    {
      name: 'a working directory that is not there',
      want: 'program_unusable',
      open: () => withSettings(openScript(''), { cwd: '/srv/none' }),
    },
  ],
  openSilent,
});

function contextOf({ settings }: Pick<Scene, 'settings'>, more: object = {}) {
  return {
    ...{ name: 'program', progress: null, settings: exec.settings.parse({ ...settings, ...more }) },
    ...{ clock: createManualClock(), timeoutMs: 20_000, http: {} as never, programs: systemPrograms },
    signal: new AbortController().signal,
    print: async () => undefined,
  };
}

function deliver(scene: Pick<Scene, 'settings'>, event: NotifierEvent = sampleEvent, more: object = {}) {
  return exec.deliver(event, contextOf(scene, more));
}

test('a program gets the event, four variables of ours, its own, and nothing else', async () => {
  process.env['WEBHOOK_SECRET'] = 'whsec_x';
  const scene = await openScript('{ cat; env; } > "$1"');
  expect(await deliver(scene)).toEqual({ kind: 'delivered', receipt: 'exit code 0' });
  delete process.env['WEBHOOK_SECRET'];
  const [event, ...env] = await scene.arrived();
  expect(JSON.parse(event ?? '')).toEqual(sampleEvent);
  const ofTheShell = ['PWD', 'OLDPWD', 'SHLVL', '_'];
  const given = env.filter((line) => !ofTheShell.includes(line.split('=')[0] ?? ''));
  const inherited = Object.entries(systemPrograms.environment).map(([name, value]) => `${name}=${value}`);
  expect(given.toSorted()).toEqual(
    [
      ...inherited,
      `TOKEN=${SECRET}`,
      'RECORDING_NOTIFIER_SINK=program',
      `RECORDING_NOTIFIER_ID=${sampleEvent.id}`,
      'RECORDING_NOTIFIER_TYPE=recording.available',
      `RECORDING_NOTIFIER_UUID=${sampleEvent.data.recording.uuid}`,
    ].toSorted(),
  );
});

test('there is no shell: arguments arrive as they are', async () => {
  const words = ['$HOME', '$(id)', '; exit 3', '*', 'a b', ''];
  const scene = await openScript('out=$1; shift; printf "%s\\n" "$@" > "$out"');
  const [script = '', out = ''] = scene.settings.command;
  await deliver({ settings: { ...scene.settings, command: [script, out, ...words] } });
  expect(await scene.arrived()).toEqual(words);
});

test('a program is looked for in the PATH that it gets, and works in its folder', async () => {
  const scene = await openScript('pwd > "$1"');
  const [, out = ''] = scene.settings.command;
  const settings = { command: ['notify.sh', out], env: { PATH: `/usr/bin:/bin:${scene.folder}` } };
  expect(await exec.connect?.(contextOf({ settings }))).toBeUndefined();
  await deliver({ settings }, sampleEvent, { cwd: scene.folder });
  expect(await scene.arrived()).toEqual([scene.folder]);
});

test('a program may read nothing, and say as much as it likes', async () => {
  const { data } = sampleEvent;
  const roomId = 'r'.repeat(1_000_000);
  const large = { ...sampleEvent, data: { ...data, recording: { ...data.recording, roomId } } };
  const scene = await openScript('head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2');
  expect(await deliver(scene, large)).toMatchObject({ kind: 'delivered' });
});

test('a uuid that no variable can hold is in the event alone', async () => {
  const { data } = sampleEvent;
  const uuid = 'a\0b' as RecordingUuid;
  const scene = await openScript('cat > "$1"; [ -z "${RECORDING_NOTIFIER_UUID+set}" ]');
  const event = { ...sampleEvent, data: { ...data, recording: { ...data.recording, uuid } } };
  expect(await deliver(scene, event)).toMatchObject({ kind: 'delivered' });
  expect(JSON.parse((await scene.arrived())[0] ?? '')).toEqual(event);
});

test('its time over, all that it has started ends: by SIGTERM, and then by SIGKILL', async () => {
  const scene = await openPiped(`trap '' TERM; sleep 1000 > "$1" & echo up > "$1"; wait`);
  const context = contextOf(scene);
  const stop = new AbortController();
  const outcome = exec.deliver(sampleEvent, { ...context, signal: stop.signal });
  await scene.spoken;
  stop.abort();
  const closed = exec.close?.(context.settings);
  expect(context.clock.timers()).toBe(2);
  context.clock.advance(2_000);
  expect(await outcome).toMatchObject({ kind: 'failed', reason: 'stopped' });
  await Promise.all([scene.ended, closed]);
  expect(context.clock.timers()).toBe(0);
});

test('an exit code 0 after SIGTERM is no yes: many programs end so when they are told to', async () => {
  const scene = await openPiped(`trap 'exit 0' TERM; echo up > "$1"; while :; do sleep 0.01; done`);
  const stop = new AbortController();
  const outcome = exec.deliver(sampleEvent, { ...contextOf(scene), signal: stop.signal });
  await scene.spoken;
  stop.abort();
  expect(await outcome).toMatchObject({ kind: 'failed', reason: 'stopped' });
});

test.each([
  { settings: { command: [] }, want: 'command' },
  { settings: { command: './notify.sh' }, want: 'command' },
  { settings: { command: ['a\0'] }, want: 'command.0' },
  { settings: { command: ['a'], env: { 'A-B': 'x' } }, want: 'env.A-B' },
  { settings: { command: ['a'], env: { RECORDING_NOTIFIER_ID: 'x' } }, want: 'env.RECORDING_NOTIFIER_ID' },
  { settings: { command: ['a'], env: { A: 'x\0' } }, want: 'env.A' },
])('settings that nothing can be made of: $settings', ({ settings, want }) => {
  const { error } = exec.settings.safeParse(settings);
  expect(error?.issues.map(({ path }) => path.join('.'))).toEqual([want]);
});

test.each([
  { name: 'may not be executed', mode: 0o644, want: /notify\.sh may not be executed; try chmod \+x$/ },
  { name: 'is not there', mode: undefined, want: /notify\.sh is not there$/ },
])('a program that $name is told before anything is sent', async ({ mode, want }) => {
  const scene = await openScript('', mode === undefined ? {} : { mode });
  if (mode === undefined) await scene.close();
  expect(await exec.connect?.(contextOf(scene))).toMatch(want);
});

test('what is shown of it is command, variables and event, and starts nothing', async () => {
  const scene = await openScript('cat > "$1"');
  const parts = exec.render?.(sampleEvent, contextOf(scene));
  expect(parts?.map(({ name }) => name)).toEqual(['command', 'environment', 'standard input']);
  expect(parts?.[2]?.content).toBe(JSON.stringify(sampleEvent));
  expect(await scene.arrived()).toEqual([]);
});

const stage = createStage();

test('the program runs it, for what a poll has found and for a sample', async () => {
  const api = await stage.api();
  const uuid = api.recordings.add({ status: 'available' });
  const { settings } = await openScript('cat >> "$1"');
  const config = {
    sources: { production: sourceOf(api, { firstPoll: 'announce' }) },
    sinks: { program: { type: 'exec', command: settings.command, includeUrl: false } },
  };
  expect(await stage.run(['poll'], { config })).toMatchObject({ code: 0 });
  expect(await stage.run(['test', 'program'])).toMatchObject({ code: 0 });
  const arrived = readFileSync(settings.command[1] ?? '', 'utf8')
    .trimEnd()
    .split('\n');
  expect(arrived.map((line) => JSON.parse(line).data.recording.uuid)).toEqual([uuid, expect.stringMatching(/^test-/)]);
});

test('where the notifier is killed, its program goes on, and is started again with the same id', async () => {
  const api = await stage.api();
  api.recordings.add({ status: 'available' });
  const body = 'exec 3> "$1"; echo "$RECORDING_NOTIFIER_ID" >&3; read -r _ < "$1.go"; echo done >&3';
  const { settings } = await openScript(body);
  const [command, out = ''] = settings.command;
  spawnSync('mkfifo', [out, `${out}.go`]);
  const config = {
    sources: { production: sourceOf(api, { firstPoll: 'announce' }) },
    sinks: { program: { type: 'exec', command: [command, out] } },
  };
  let said = '';
  const reader = createReadStream(out, 'utf8').on('data', (text) => {
    said += text;
    stage.check();
  });
  const killed = await stage.start(['run'], { config });
  await stage.until('it has been started', () => /^evt_\w+\n/.test(said));
  killed.kill('SIGKILL');
  await killed.ended;

  const program = await stage.start(['run']);
  await stage.until('it has been started again', () => /\n.*\n/.test(said));
  const go = openSync(`${out}.go`, 'r+');
  writeSync(go, '\n\n');
  await once(reader, 'end');
  closeSync(go);
  const [id, ...rest] = said.trimEnd().split('\n');
  expect(rest).toEqual([id, 'done', 'done']);
  program.kill('SIGTERM');
  expect(await program.ended).toMatchObject({ code: 0 });
});

test('at a second Ctrl-C its program ends with the notifier', async () => {
  const api = await stage.api();
  api.recordings.add({ status: 'available' });
  const { settings } = await openScript('trap "" TERM; echo $$ > "$1"; while :; do sleep 1; done');
  const [command, out = ''] = settings.command;
  spawnSync('mkfifo', [out]);
  const config = {
    sources: { production: sourceOf(api, { firstPoll: 'announce' }) },
    sinks: { program: { type: 'exec', command: [command, out] } },
  };
  const said = once(createReadStream(out, 'utf8'), 'data');
  const program = await stage.start(['run'], { config });
  const pid = Number((await said)[0]);
  program.kill('SIGINT');
  await stage.untilLog(program, /^stopping/);
  program.kill('SIGINT');
  expect(await program.ended).toMatchObject({ code: 130 });
  await until(() => !isRunning(pid));
});

/** One that is dead and that nobody has asked for yet is not. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
