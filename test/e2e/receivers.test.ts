import { createStage, sourceOf, webhookTo } from '../support/stage.js';

const stage = createStage();

test('receivers that hang or fail delay nobody, and get everything once they are back', async () => {
  const api = await stage.api();
  let areBack = false;
  const { promise: released, resolve: letGo } = Promise.withResolvers<void>();
  const healthy = await stage.receiver();
  const failing = await stage.receiver({ respond: () => ({ status: areBack ? 204 : 500 }) });
  const answerWhenBack = () => released.then(() => ({ status: areBack ? 204 : 500 }));
  const hanging = await stage.receiver({ respond: answerWhenBack });
  const silent = await stage.receiver({ respond: answerWhenBack });
  const retries = Array.from({ length: 50 }, () => '500ms');
  const program = await stage.start(['run'], {
    config: {
      sources: { production: sourceOf(api) },
      sinks: {
        failing: webhookTo(failing, { retries }),
        hanging: webhookTo(hanging, { timeout: '500ms', retries }),
        silent: webhookTo(silent, { timeout: '10m' }),
        healthy: webhookTo(healthy),
      },
    },
  });
  await stage.untilLog(program, /^first poll complete/);

  const first = Array.from({ length: 12 }, () => api.recordings.add({ status: 'available' }));
  await stage.until('the healthy one has the first', () => healthy.accepted.length === 12);
  const polls = api.requestCount;
  await stage.until('polling goes on', () => api.requestCount >= polls + 2);
  const second = Array.from({ length: 3 }, () => api.recordings.add({ status: 'available' }));
  await stage.until('the healthy one has the rest', () => healthy.accepted.length === 15);
  await stage.until('the others were tried again and again', () =>
    [failing, hanging].every(({ messages }) => messages.some(({ arrival }) => arrival >= 3)),
  );
  expect(failing.accepted).toEqual([]);
  expect([...hanging.accepted, ...silent.accepted]).toEqual([]);

  areBack = true;
  letGo();
  const count = first.length + second.length;
  await stage.until('the others have everything', () =>
    [failing, hanging, silent].every(({ accepted }) => new Set(accepted).size === count),
  );
  await stage.until('the last attempts are logged', () =>
    ['failing', 'hanging', 'silent'].every((sink) => deliveredOf(sink) === count),
  );
  program.kill('SIGTERM');
  expect(await program.ended).toMatchObject({ code: 0 });

  const ids = healthy.accepted.toSorted();
  expect(new Set(ids).size).toBe(count);
  expect(failing.accepted.toSorted()).toEqual(ids);
  expect(silent.accepted.toSorted()).toEqual(ids);
  expect([...new Set(hanging.accepted)].sort()).toEqual(ids);
  expect(program.log.filter(({ msg, sink }) => msg !== 'delivered' && sink === 'healthy')).toEqual([]);

  function deliveredOf(sink: string): number {
    return program.log.filter((line) => line.msg === 'delivered' && line['sink'] === sink).length;
  }
});
