import { defineSink, type Outcome, type SinkContext } from '../src/index.js';
import { describeSink, type Place, type SinkSuite, sampleEvent } from '../src/testing.js';

const DELIVERED: Outcome = { kind: 'delivered', receipt: 'ok' };
const FAILED: Outcome = { kind: 'failed', reason: 'connection_failed', detail: 'nobody is there' };

/** The names of the tests that a sink fails. */
async function failuresOf(
  deliver: (print: (line: string) => Promise<void>, context: SinkContext<unknown>) => Promise<Outcome>,
  more: Partial<SinkSuite>,
) {
  const tests: { readonly name: string; readonly body: () => Promise<void> }[] = [];
  const definition = defineSink({ type: 'mine', deliver: (_event, context) => deliver(context.print, context) });
  describeSink(
    { definition, secrets: ['hunter2', 'p"ss', ''], open: async () => openPlace(), failures: [], ...more },
    { describe: (_name, body) => body(), test: (name, body) => tests.push({ name, body }) },
  );
  const failed: string[] = [];
  for (const { name, body } of tests) await body().catch(() => failed.push(name));
  return { failed, count: tests.length };
}

function openPlace(): Place {
  const lines: string[] = [];
  return {
    settings: {},
    print: async (line) => void lines.push(line),
    arrived: () => lines,
    close: async () => undefined,
  };
}

test('a sink that does as it should passes', async () => {
  const deliver = async (print: (line: string) => Promise<void>) => {
    await print(sampleEvent.id);
    return DELIVERED;
  };
  expect(await failuresOf(deliver, {})).toEqual({ failed: [], count: 2 });
});

test.each([
  { name: 'nothing arrives', outcome: DELIVERED, text: undefined },
  { name: 'the id is missing', outcome: DELIVERED, text: 'something else' },
  { name: 'it fails where all is well', outcome: FAILED, text: sampleEvent.id },
  {
    name: 'a secret is in the receipt',
    outcome: { ...DELIVERED, receipt: 'hunter2' } as Outcome,
    text: sampleEvent.id,
  },
  { name: 'the receipt is long', outcome: { ...DELIVERED, receipt: 'x'.repeat(101) } as Outcome, text: sampleEvent.id },
])('the suite can fail: $name', async ({ outcome, text }) => {
  const deliver = async (print: (line: string) => Promise<void>) => {
    if (text !== undefined) await print(text);
    return outcome;
  };
  expect((await failuresOf(deliver, {})).failed).toEqual(['delivers an event, and knows it again by its id']);
});

test.each([
  { name: 'another reason', outcome: FAILED, want: 'timeout' as const },
  { name: 'a yes', outcome: DELIVERED, want: 'connection_failed' as const },
  {
    name: 'a detail of two lines',
    outcome: { ...FAILED, detail: 'one\ntwo' } as Outcome,
    want: 'connection_failed' as const,
  },
  {
    name: 'a secret in the detail',
    outcome: { ...FAILED, detail: 'hunter2' } as Outcome,
    want: 'connection_failed' as const,
  },
  {
    name: 'a secret with a quote in it',
    outcome: { ...FAILED, detail: 'was p"ss' } as Outcome,
    want: 'connection_failed' as const,
  },
  {
    name: "the query of the recording's URL",
    outcome: { ...FAILED, detail: 'GET /7b0f3e9c?signature=presigned' } as Outcome,
    want: 'connection_failed' as const,
  },
])('the suite can fail where a failure is wanted: $name', async ({ outcome, want }) => {
  const failures = [{ name: 'nobody there', want, open: async () => openPlace() }];
  expect((await failuresOf(async () => outcome, { failures })).failed).toContain(`nobody there is ${want}`);
});

/** As a client does that knows of nothing but a signal. */
function untilAborted({ signal }: SinkContext<unknown>, outcome: Outcome): Promise<Outcome> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(outcome), { once: true }));
}

test.each([
  { name: 'passes when it gives up by its signal', outcome: FAILED, want: [] },
  {
    name: 'fails when it claims to have delivered by then',
    outcome: DELIVERED,
    want: ['gives up when its time is over', 'lets go when it is stopped'],
  },
])('a sink that nobody answers $name', async ({ outcome, want }) => {
  let isSilent = false;
  const openSilent = async () => {
    isSilent = true;
    return openPlace();
  };
  const { failed } = await failuresOf(
    async (print, context) => {
      if (isSilent) return untilAborted(context, outcome);
      await print(sampleEvent.id);
      return DELIVERED;
    },
    { openSilent },
  );
  expect(failed).toEqual(want);
});

test('a place is closed once', async () => {
  let closed = 0;
  const close = async () => {
    closed += 1;
  };
  const open = async () => ({ ...openPlace(), close });
  const definition = defineSink({
    type: 'mine',
    deliver: async () => DELIVERED,
    connect: async () => (closed === 0 ? undefined : 'closed'),
  });
  await failuresOf(async () => DELIVERED, { definition, open });
  expect(closed).toBe(3);
});
