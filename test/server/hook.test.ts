import { hookRoutes } from '../../src/server/hook.js';
import { createManualClock } from '../support/manual-clock.js';
import { createMemoryLog } from '../support/memory-log.js';
import { configOf, openWorld, sourceOf, sourcePolled, type World } from '../support/notifier-stage.js';
import { type Served, startServed } from '../support/served.js';
import { until } from '../support/turn.js';

const HOOK = '/hooks/superviz/production';

function serve(world: World, token?: string): Promise<Served> {
  const source = { ...sourcePolled(world), hookToken: 'hint-hint' };
  return startServed(world, configOf([source, { ...sourcePolled(world), name: 'deaf' }], []), token);
}

test.each([
  { name: 'as ?token=', path: `${HOOK}?token=hint-hint`, headers: {}, want: 204 },
  { name: 'at the address without a type', path: '/hooks/production?token=hint-hint', headers: {}, want: 204 },
  { name: 'at the address of another type', path: '/hooks/zoo/production?token=hint-hint', headers: {}, want: 404 },
  { name: 'as Bearer', path: HOOK, headers: { authorization: 'Bearer hint-hint' }, want: 204 },
  { name: 'as a header of its own', path: HOOK, headers: { 'x-hook-token': 'hint-hint' }, want: 204 },
  { name: 'not at all', path: HOOK, headers: {}, want: 401 },
  { name: 'wrong', path: `${HOOK}?token=hint`, headers: {}, want: 401 },
  { name: 'the token of the server', path: HOOK, headers: { authorization: 'Bearer t' }, want: 401 },
  { name: 'to a source without a hook', path: '/hooks/superviz/deaf?token=hint-hint', headers: {}, want: 404 },
  { name: 'to no source', path: '/hooks/superviz/nobody?token=hint-hint', headers: {}, want: 404 },
])('a hint with its token $name: $want', async ({ path, headers, want }) => {
  await using world = await openWorld();
  await using served = await serve(world, 't');
  const answer = await served.post(path, headers, '{"type":"RECORDING"}');
  expect(answer.status).toBe(want);
});

test('a hint polls its source at once', async () => {
  await using world = await openWorld();
  await using served = await serve(world);
  await served.post(`${HOOK}?token=hint-hint`);
  await until(() => served.program.log.lines.some(({ message }) => message.startsWith('first poll complete')));
  expect(served.program.log.lines.map(({ fields }) => fields['source'])).not.toContain('deaf');
});

/** The route alone, with a program that only counts: time does not pass by itself. */
function createHook() {
  const clock = createManualClock();
  const program = { polls: 0, isPolling: false, isPaused: false };
  const app = hookRoutes({
    clock,
    log: createMemoryLog(),
    stopped: new AbortController().signal,
    program: {
      config: configOf([{ ...sourceOf('production', 'http://127.0.0.1:1/'), hookToken: 'hint-hint' }], []),
      status: () =>
        ({
          sources: [{ name: 'production', isPolling: program.isPolling }],
          pauses: program.isPaused ? [{ kind: 'source', name: 'production', sinceMs: 0 }] : [],
        }) as never,
      pollNow: () => {
        program.polls += 1;
        return undefined;
      },
    },
  });
  const hint = async () => (await app.request(`${HOOK}?token=hint-hint`, { method: 'POST' })).status;
  return { clock, program, hint };
}

test('many hints make one poll in five seconds, and the last is not lost', async () => {
  const { clock, program, hint } = createHook();
  for (let n = 0; n < 9; n += 1) expect(await hint()).toBe(204);
  expect(program.polls).toBe(1);
  clock.advance(4_999);
  expect(program.polls).toBe(1);
  clock.advance(1);
  expect(program.polls).toBe(2);
  clock.advance(60_000);
  expect(program.polls).toBe(2);
});

test('a hint during a poll makes another one after it: the poll may be past the row already', async () => {
  const { clock, program, hint } = createHook();
  program.isPolling = true;
  expect(await hint()).toBe(204);
  clock.advance(20_000);
  expect(program.polls).toBe(0);
  program.isPolling = false;
  clock.advance(5_000);
  expect(program.polls).toBe(1);
});

test('a hint about a paused source polls nothing, and one after its end does', async () => {
  const { clock, program, hint } = createHook();
  program.isPaused = true;
  expect(await hint()).toBe(204);
  clock.advance(60_000);
  expect(program.polls).toBe(0);
  program.isPaused = false;
  expect(await hint()).toBe(204);
  expect(program.polls).toBe(1);
});
