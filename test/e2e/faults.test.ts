import type { FakeApi } from '../../src/fake/api.js';
import type { Fault } from '../../src/fake/api-schema.js';
import type { Program } from '../support/child-program.js';
import { expectedEventId } from '../support/expected-id.js';
import { createStage, type StagedReceiver, sourceOf, uuidOf, webhookTo } from '../support/stage.js';

/** One program polls one platform for each fault, so that all of them are gone through at the same time. */
const stage = createStage(afterAll);

interface Case {
  readonly name: string;
  spoil(api: FakeApi): void;
  /** Where the first poll may be spoilt for so long only. */
  spoilFirst?(api: FakeApi): void;
  mend(api: FakeApi): void;
  /** What the log says. */
  readonly says: { readonly message: string; readonly reason?: RegExp };
  /** Page one is good, and what it shows is told although the poll is not complete. */
  readonly pageOneIsGood?: true;
}

const FAILED = 'poll failed';
const INCOMPLETE = 'poll incomplete: what its good pages showed is told, the rest is not known';

const EMPTY = 'the list is empty: nothing counts as removed; check the account and the filters';

const CASES: readonly Case[] = [
  faulty('html', { kind: 'bad_gateway' }, FAILED, /status 502; .*polled again/),
  faulty('truncated', { kind: 'truncated' }, FAILED, /cut off or damaged after \d+ bytes; .*polled again/),
  faulty('broken', { kind: 'broken' }, FAILED, /broke off after \d+ bytes; .*polled again/),
  faulty('reset', { kind: 'reset' }, FAILED, /connection broke.*; check the network and sources\.reset\.baseUrl/),
  faulty('object', { kind: 'error_in_ok' }, FAILED, /an object without a list .*; check that sources\.object\.baseUrl/),
  faulty('unauthorized', { kind: 'unauthorized' }, FAILED, /401.*; renew .*sources\.unauthorized\.auth\.secret/),
  { ...faulty('page-two', { kind: 'truncated' }, FAILED, /cut off or damaged/, 1), pageOneIsGood: true },
  {
    name: 'repeating',
    spoil: (api) => api.mode({ pageParam: 'offset' }),
    mend: (api) => api.mode({ pageParam: 'page' }),
    says: { message: INCOMPLETE, reason: /page 2.*page 1; set sources\.repeating\.paging\.pageParam/ },
    pageOneIsGood: true,
  },
  {
    name: 'repeating-silently',
    spoil: (api) => api.mode({ pageParam: 'offset', pagination: { omits: ['page'] } }),
    mend: (api) => api.mode({ pageParam: 'page', pagination: {} }),
    says: { message: INCOMPLETE, reason: /page 2 repeats page 1; set sources\.repeating-silently\.paging\.pageParam/ },
    pageOneIsGood: true,
  },
  empty('empty-envelope', { data: [], pagination: { page: 1, totalPages: 0, limit: 10, total: 0 } }),
  empty('empty-array', []),
];

function faulty(name: string, fault: Fault, message: string, reason: RegExp, after = 0): Case {
  const spoil = (api: FakeApi) => api.fault(fault, { after, times: 1_000_000 });
  return { name, spoil, mend: (api) => api.clearFaults(), says: { message, reason } };
}

/** Nobody can tell an empty account from a platform that has lost its list, so a first poll looks twice and then believes it. */
function empty(name: string, body: unknown): Case {
  const fault: Fault = { kind: 'answer', status: 200, body };
  return {
    name,
    spoil: (api) => api.fault(fault, { times: 1_000_000 }),
    spoilFirst: (api) => api.fault(fault),
    mend: (api) => api.clearFaults(),
    says: { message: EMPTY },
  };
}

/** What turned available while the platform of a case was broken. */
const missed = new Map<string, string>();
let program: Program;
let receiver: StagedReceiver;
let toldAfterFirstPoll = 0;

beforeAll(async () => {
  receiver = await stage.receiver();
  const apis = await Promise.all(CASES.map(openApi));
  const sources = CASES.map(({ name }, at) => [name, sourceOf(apis[at] as FakeApi)] as const);
  program = await stage.start(['run'], {
    // A source that fails again so soon is summed up: what each poll comes to is there at debug.
    config: { sources: Object.fromEntries(sources), sinks: { hook: webhookTo(receiver) }, log: { level: 'debug' } },
  });
  await Promise.all(CASES.map((each, at) => firstPoll(each, apis[at] as FakeApi)));
  toldAfterFirstPoll = receiver.messages.length;
  await Promise.all(CASES.map((each, at) => laterPoll(each, apis[at] as FakeApi)));
  program.kill('SIGTERM');
  await program.ended;
}, 60_000);

async function openApi({ spoil, spoilFirst = spoil }: Case): Promise<FakeApi> {
  const recordings = Array.from({ length: 5 }, () => ({ status: 'available' }));
  const api = await stage.api({ recordings, mode: { pageSizeMax: 2 } });
  spoilFirst(api);
  return api;
}

async function firstPoll({ name, mend, says, spoilFirst }: Case, api: FakeApi): Promise<void> {
  if (spoilFirst === undefined) await stage.untilLog(program, says.message, ({ source }) => source === name);
  mend(api);
  await stage.untilLog(program, /^first poll complete/, ({ source }) => source === name);
}

async function laterPoll({ name, spoil, mend, says, pageOneIsGood }: Case, api: FakeApi): Promise<void> {
  const lines = program.log.length;
  spoil(api);
  const uuid = api.recordings.add({ status: 'available' });
  missed.set(name, uuid);
  await stage.until(`${name} is spoilt again`, () =>
    program.log.slice(lines).some(({ source, msg }) => source === name && msg === says.message),
  );
  if (pageOneIsGood) await stage.until(`${name} tells page one`, () => receiver.messages.some(isAbout(uuid)));
  mend(api);
  await stage.until(`${name} tells what was missed`, () => receiver.messages.some(isAbout(uuid)));
  if (says.reason === undefined) return;
  await stage.until(`${name} works again`, () =>
    program.log.slice(lines).some(({ source, msg }) => source === name && msg === 'polls work again'),
  );
}

function isAbout(uuid: string) {
  return (message: Parameters<typeof uuidOf>[0]) => uuidOf(message) === uuid;
}

test('nothing is told of what was there before', () => {
  expect(toldAfterFirstPoll).toBe(0);
});

describe.each(CASES)('$name', ({ name, says }) => {
  const linesOf = (message: string | RegExp) =>
    program.log.filter(({ source, msg }) => source === name && (msg === message || RegExp(message).test(msg)));

  test('the first poll is complete only once all of the list was seen', () => {
    expect(linesOf(/^first poll complete/)).toMatchObject([{ rows: 5, remembered: 5, available: 5, events: 0 }]);
  });

  test('what turned available meanwhile is told once, and nothing else is', () => {
    const told = receiver.messages.filter(({ json }) => JSON.stringify(json).includes(`"source":"${name}"`));
    expect(told.map(uuidOf)).toEqual([missed.get(name)]);
    expect(told[0]?.id).toBe(expectedEventId('recording.available', name, missed.get(name) ?? '', 1));
  });

  test('the log says what is wrong, and what would do', () => {
    const lines = program.log.filter(({ source, level }) => source === name && ['warn', 'error'].includes(level));
    expect(new Set(lines.map(({ msg }) => msg))).toEqual(new Set([says.message]));
    for (const { reason } of lines) expect(reason ?? '').toMatch(says.reason ?? /^$/);
  });
});
