import { OPERATOR_EVENT_TYPES } from '../../src/core/operator-event.js';
import type { Program } from '../support/child-program.js';
import { createStage, type StagedReceiver, sourceOf, webhookTo } from '../support/stage.js';

const stage = createStage();

/** What a receiver got, a line for each message. */
function told({ messages }: StagedReceiver): string[] {
  return messages.map(({ json }) => {
    const { type, data } = json as { type: string; data: Record<string, unknown> };
    return `${type} ${data['source'] ?? data['sink']} ${data['reason']}`;
  });
}

function failedPolls({ log }: Program): number {
  return log.filter(({ msg }) => msg === 'poll failed').length;
}

test('a platform that refuses us and a receiver that is gone: told once each, across kills, and once that they work again', async () => {
  const api = await stage.api();
  let hookStatus = 410;
  const hook = await stage.receiver({ respond: () => ({ status: hookStatus }) });
  const ops = await stage.receiver();
  stage.configure({
    sources: { production: sourceOf(api) },
    sinks: {
      hook: webhookTo(hook, { includeUrl: false }),
      ops: webhookTo(ops, { events: Object.keys(OPERATOR_EVENT_TYPES) }),
    },
    // Where each poll that fails has its line.
    log: { level: 'debug' },
  });
  const first = await stage.start(['run']);
  await stage.untilLog(first, /^first poll complete/);
  api.recordings.add({ status: 'available' });
  await stage.until('the sink is told of', () => ops.accepted.length === 1);
  api.fault({ kind: 'unauthorized' }, { times: 1_000 });
  // Only then it is stored that the receiver has it: a kill before that would repeat it.
  await stage.untilLog(first, 'delivered', ({ type }) => type === 'source.failing');
  first.kill('SIGKILL');
  await first.ended;

  const second = await stage.start(['run']);
  await stage.until('it goes on failing', () => failedPolls(second) >= 2 && hook.messages.length >= 2);
  second.kill('SIGKILL');
  await second.ended;

  api.clearFaults();
  hookStatus = 204;
  const third = await stage.start(['run']);
  await stage.until('both work again', () => ops.accepted.length >= 4);
  third.kill('SIGTERM');
  expect(await third.ended).toMatchObject({ code: 0 });
  expect(told(ops).slice(0, 2)).toEqual(['sink.failing hook gone', 'source.failing production unauthorized']);
  expect(told(ops).slice(2).toSorted()).toEqual([
    'sink.recovered hook gone',
    'source.recovered production unauthorized',
  ]);
  expect(new Set(ops.accepted).size).toBe(4);
  expect(hook.accepted).toHaveLength(1);
}, 90_000);
