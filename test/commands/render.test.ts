import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../../src/config/load.js';
import type { NotifierEvent } from '../../src/core/event.js';
import { attemptOnce } from '../../src/engine/attempt.js';
import { createHttpClient } from '../../src/http/client.js';
import { SINK_TYPES } from '../../src/sinks/registry.js';
import { builtDist } from '../support/build.js';
import { EXAMPLE_VARIABLES } from '../support/example-variables.js';
import { expectedDeliveryId, expectedDigestId } from '../support/expected-id.js';
import { createMemoryLog } from '../support/memory-log.js';
import { realClock } from '../support/real-clock.js';
import { sampleEvent } from '../support/sample-event.js';
import { startSmtp } from '../support/smtp.js';
import { createStage, webhookTo } from '../support/stage.js';

const stage = createStage();
const SOURCES = { production: { auth: { clientId: 'a', secret: 'b' } } };
const URL_OF_RECORDING = 'https://files.example/r.mp4?X-Amz-Signature=abcdef&Expires=1';

function eventWith(change: object = {}): NotifierEvent {
  const { data } = sampleEvent;
  const recording = { ...data.recording, roomId: 'Lobby', url: URL_OF_RECORDING };
  return { ...sampleEvent, data: { ...data, recording }, ...change } as NotifierEvent;
}

/** One command line, with an event in a file where there is one. */
async function rendered(sinks: object, args: readonly string[], event?: unknown) {
  stage.configure({ sources: SOURCES, sinks });
  if (event !== undefined) stage.configure(typeof event === 'string' ? event : JSON.stringify(event), 'event.json');
  const { code, stdout, stderr } = await stage.run([
    'render',
    ...args,
    ...(event === undefined ? [] : ['--event', 'event.json']),
  ]);
  return { code, stdout, stderr: stderr.join('\n') };
}

test('a webhook: the request that a receiver gets, with its secrets masked, and nothing is sent', async () => {
  const receiver = await stage.receiver();
  const hook = webhookTo(receiver, { template: undefined });
  const { code, stdout, stderr } = await rendered({ hook }, ['hook'], eventWith());
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const blank = stdout.indexOf('');
  expect(stdout.slice(0, blank)).toEqual([
    `POST http://127.0.0.1:${receiver.port}/***`,
    expect.stringMatching(/^user-agent: recording-notifier/),
    'x-gate: ***',
    'content-type: application/json',
    `webhook-id: ${sampleEvent.id}`,
    expect.stringMatching(/^webhook-timestamp: \d{10}$/),
    'webhook-signature: v1,***',
  ]);
  const { data } = JSON.parse(stdout.slice(blank).join('\n'));
  expect(data.recording).toMatchObject({ roomId: 'Lobby', url: 'https://files.example/r.mp4?***' });
  expect(receiver.messages).toEqual([]);
});

test('a short secret is masked where it stands, and nowhere else', async () => {
  const hook = { type: 'webhook', url: 'https://example.com/in', headers: { 'x-env': 'a', 'x-api-version': '1' } };
  const { stdout } = await rendered({ hook }, ['hook'], eventWith());
  expect(stdout).toEqual(
    expect.arrayContaining(['x-env: ***', 'x-api-version: ***', 'content-type: application/json']),
  );
  expect(stdout).toContain(`webhook-id: ${sampleEvent.id}`);
  const program = { type: 'exec', command: ['/bin/true'], env: { MODE: 'a' } };
  expect((await rendered({ program }, ['program'], eventWith())).stdout).toContain('MODE=***');
});

test.each([
  { type: 'webhook', settings: { url: 'https://example.com/in' } },
  { type: 'discord', settings: { url: 'https://discord.com/api/webhooks/1/token-of-discord' } },
  { type: 'ntfy', settings: { topic: 'topic-of-ntfy' } },
])('whatever a URL of a recording has for a credential is masked: $type', async ({ type, settings }) => {
  const { data } = sampleEvent;
  const url = 'https://user:PASSWORD@files.example/r.mp4?X-Sig=sec(ret)|end';
  const event = { ...sampleEvent, data: { ...data, recording: { ...data.recording, url } } };
  const { stdout } = await rendered({ place: { type, ...settings } }, ['place'], event);
  const text = stdout.join('\n');
  expect(text).toContain('files.example/r.mp4');
  for (const secret of ['PASSWORD', 'sec(ret', 'ret)', '%28ret', '|end', '%7Cend']) expect(text).not.toContain(secret);
});

test.each([
  { name: 'webhook', settings: {} },
  { name: 'webhook', settings: { format: 'cloudevents' } },
  {
    name: 'webhook',
    settings: { template: { body: '{"room": {{ recording.roomId }}, "url": "{{ recording.url }}"}' } },
  },
  { name: 'slack', settings: {} },
  { name: 'slack', settings: { template: { text: '{{ recording.roomId }} <{{ recording.url }}|Watch>' } } },
])('$name $settings: it is what would be sent', async ({ name, settings }) => {
  const receiver = await stage.receiver({ respond: () => ({ status: 200, body: 'ok' }) });
  const url = `${receiver.url}services/T/B/x`;
  const event = eventWith();
  const { stdout } = await rendered({ it: { type: name, url, ...settings } }, ['it', '--json'], event);
  const loaded = readConfig(join(stage.folder, 'config/notifier.yaml'), {});
  if ('problems' in loaded) throw new Error('it has problems');
  const http = createHttpClient({ privateAddresses: 'allow', clock: realClock, userAgent: 'test' });
  const ports = { http, clock: realClock, log: createMemoryLog(), random: () => 0, print: async () => undefined };
  await attemptOnce(loaded.config.sinks[0] as never, event, null, ports, new AbortController().signal);
  await http.close();
  const [{ body, headers }] = JSON.parse(stdout[0] ?? '').requests;
  const sent = receiver.messages[0];
  const masked = sent?.body.replace(/\?X-Amz-Signature=abcdef(?:&|&amp;)Expires=1/g, '?***');
  expect(body).toBe(masked);
  expect(sent?.headers).toMatchObject({ 'content-type': headers['content-type'] });
});

test('a person reads a body of JSON a value a line, and a program gets it as it is sent', async () => {
  const sinks = { chat: { type: 'teams', url: 'https://flows.example/x' } };
  const event = eventWith();
  const [line] = (await rendered(sinks, ['chat', '--json'], event)).stdout;
  const { body } = JSON.parse(line ?? '').requests[0];
  const { stdout } = await rendered(sinks, ['chat'], event);
  const shown = stdout.slice(stdout.indexOf('') + 1).join('\n');
  expect(shown).toMatch(/^\{\n {2}"type": "message",\n/);
  expect(JSON.stringify(JSON.parse(shown))).toBe(body);
});

test('a body that its author has laid out is left as it is', async () => {
  const template = { body: '{\n\t"room": {{ recording.roomId }} }' };
  const sinks = { hook: { type: 'webhook', url: 'https://example.com', template } };
  const { stdout } = await rendered(sinks, ['hook'], eventWith());
  expect(stdout.slice(stdout.indexOf('') + 1)).toEqual(['{', '�"room": "Lobby" }']);
});

test('without a file it is a sample; for stdout a line, for a mail its parts, for an archive a place', async () => {
  const smtp = await startSmtp();
  const mail = {
    type: 'email',
    smtp: `smtp://me:password@127.0.0.1:${smtp.port}`,
    from: 'Rec <a@example.com>',
    to: ['b@example.com'],
  };
  const sinks = {
    line: { type: 'stdout' },
    mail: { ...mail, template: { subject: '{{ title }}' } },
    vault: { type: 'archive', to: './kept' },
  };
  const line = await rendered(sinks, ['line']);
  expect(JSON.parse(line.stdout[0] ?? '')).toMatchObject({
    id: expect.stringMatching(/^evt_test_/),
    data: { test: true },
  });
  const { stdout } = await rendered(sinks, ['mail']);
  expect(stdout.slice(0, 5)).toEqual([
    '--- header',
    'From: Rec <a@example.com>',
    'To: b@example.com',
    'Subject: TEST: Recording available',
    expect.stringMatching(/^Message-ID: <evt_test_\w+\.mail@example\.com>$/),
  ]);
  expect(stdout.filter((each) => each.startsWith('--- '))).toEqual(['--- header', '--- text/plain', '--- text/html']);
  expect((await rendered(sinks, ['vault'], eventWith())).stdout).toEqual([
    ...['--- file', expect.stringMatching(/^\.\/kept\/production\/2024-05-13\/Lobby-7b0f3e9c_\w+\.mp4$/), ''],
    ...['--- from', 'https://files.example/r.mp4?***'],
  ]);
  expect(smtp.connections.count).toBe(0);
  await smtp.close();
});

test('a sink type of your own is shown by what it asks of http, and said to have sent what it did in another way', async () => {
  stage.configure('', 'x'); // Makes the folder.
  const deliver = `async deliver(event, { http, signal, settings }) {
    const headers = { authorization: 'Bearer t-1234' };
    await http.request({ method: 'POST', url: 'http://127.0.0.1:1/bot' + settings.token, headers, body: 'for ' + settings.token, timeoutMs: 1, bodyBytesMax: 0, signal });
    return { kind: 'delivered', receipt: 'yes' };
  }`;
  const settings = `settings: z.strictObject({ token: secret() })`;
  const library = join(await builtDist(), 'index.js');
  const own = `import { secret, z } from ${JSON.stringify(library)};\nexport const sink = { type: 'own', ${settings}, ${deliver} };\n`;
  writeFileSync(join(stage.folder, 'own.mjs'), own);
  writeFileSync(
    join(stage.folder, 'other.mjs'),
    `export const sink = { type: 'other', async deliver() { return { kind: 'delivered', receipt: 'yes' }; } };\n`,
  );
  const sinks = { own: { type: './own.mjs', token: 'to/ken-9876' }, other: { type: './other.mjs' } };
  const { stdout } = await rendered(sinks, ['own', '--json'], eventWith());
  expect(JSON.parse(stdout[0] ?? '').requests).toEqual([
    {
      method: 'POST',
      url: 'http://127.0.0.1:1/bot***',
      headers: expect.objectContaining({ authorization: '***' }),
      body: 'for ***',
    },
  ]);
  expect(await rendered(sinks, ['other'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^other has sent the event, and not through/),
  });
});

test('a sink type of your own can have templates, which are checked as ours are', async () => {
  stage.configure('', 'x'); // Makes the folder.
  const library = join(await builtDist(), 'index.js');
  const own = `import { applyTemplate, liquid, z } from ${JSON.stringify(library)};
export const sink = {
  type: 'own',
  settings: z.strictObject({ template: z.strictObject({ line: liquid('The line.') }) }),
  templates: ({ template }) => [{ key: ['template', 'line'], source: template.line, place: 'text' }],
  async deliver(event, { settings, timezone, print }) {
    await print(applyTemplate(settings.template, 'line', 'text', event, timezone).text);
    return { kind: 'delivered', receipt: 'printed' };
  },
};
`;
  writeFileSync(join(stage.folder, 'templated.mjs'), own);
  const common = { type: './templated.mjs', timezone: 'Europe/Berlin' };
  const good = await rendered(
    { own: { ...common, template: { line: '{{ timestamp | date }}: {{ recording.roomId }}' } } },
    ['own'],
    eventWith(),
  );
  expect(good.stdout).toEqual(['13 May 2024, 19:19 CEST: Lobby']);
  const bad = await rendered({ own: { ...common, template: { line: '{{ recording.room }}' } } }, ['own'], eventWith());
  expect(bad).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /template\.line: line 1, column 4 .*: recording\.room; did you mean "recording\.roomId"\?$/,
    ),
  });
});

test.each(SINK_TYPES)('every type shows what it would send, and sends nothing: $type', async ({ type, example }) => {
  const lines = example.split('\n').map((line) => `    ${line}`);
  const sources = JSON.stringify(SOURCES);
  stage.configure(`sources: ${sources}\nsinks:\n  it:\n    type: ${type}\n${lines.join('\n')}\n`);
  const { code, stdout, stderr } = await stage.run(['render', 'it'], { env: EXAMPLE_VARIABLES });
  expect({ code, stderr }).toEqual({ code: 0, stderr: [] });
  expect(stdout.join('\n')).toMatch(/test-[0-9a-f]{8}/);
  expect(readdirSync(stage.folder)).toEqual(['config']);
});

test('what is odd is said: an event that the sink does not get, a template that fails on it, no URL', async () => {
  const failing = '{% if source == "production" %}{% for i in (1..100000000) %}x{% endfor %}{% endif %}{}';
  const url = 'https://hooks.slack.com/services/T/B/x';
  const stuck = eventWith({ type: 'recording.stuck' });
  const sinks = {
    chat: { type: 'slack', url, template: { text: failing }, includeUrl: false },
    hook: { type: 'webhook', url, template: { body: failing } },
    digest: { type: 'slack', url, digest: {} },
  };
  const chat = await rendered(sinks, ['chat'], stuck);
  expect(chat.stderr).toBe(
    'chat does not get recording.stuck: its events are recording.available.\nThe template of chat fails on this event, so it would get our own message.',
  );
  expect(chat.stdout[0]).toBe('POST https://hooks.slack.com/***');
  expect((await rendered(sinks, ['chat', '--json'], eventWith())).stdout.join()).not.toContain('files.example');
  expect(await rendered(sinks, ['hook'], eventWith())).toMatchObject({
    code: 1,
    stderr: 'hook would send nothing: template_failed: template.body, line 1, column 32 makes more than a template may',
  });
  expect((await rendered(sinks, ['digest'], eventWith())).stderr).toBe(
    'What digest, which has a digest, gets where one event is due alone:',
  );
  expect(await rendered(sinks, ['nobody'])).toMatchObject({
    code: 2,
    stderr: 'The config has no sink "nobody"; it has chat, hook, digest.',
  });
});

const MAILBOXES = { type: 'email', smtp: 'smtp://127.0.0.1:2525', from: 'a@example.com', to: ['b@example.com'] };

test.each([
  { name: 'slack', sink: { type: 'slack', url: 'https://hooks.slack.com/services/T/B/x', digest: {} } },
  { name: 'email', sink: { ...MAILBOXES, digest: {} } },
])('a sink with a digest shows what one event alone and what several make: $name', async ({ sink }) => {
  const { code, stdout, stderr } = await rendered({ it: sink }, ['it']);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr:
      'What it, which has a digest, gets where one event is due alone:\nWhat it gets where 3 events go in a digest:',
  });
  const shown = stdout.join('\n');
  const at = shown.indexOf('TEST: 3 recordings are available');
  const [alone, together] = [shown.slice(0, at), shown.slice(at)];
  expect(alone).toContain('TEST: Recording available');
  expect(together.match(/test-[0-9a-f]{8}/g)?.length).toBeGreaterThanOrEqual(3);
  expect(together).toMatch(/Digest dig_test_/);
  expect(together).not.toContain('undefined');
});

const recording = (n: number) =>
  eventWith({
    id: `evt_${n}`,
    data: {
      ...sampleEvent.data,
      recording: { ...sampleEvent.data.recording, uuid: `r${n}`, url: `https://files.example/r?secret=${n}` },
    },
  });
const failing = {
  id: 'evt_9',
  type: 'sink.failing',
  timestamp: '2024-05-13T17:19:04.120Z',
  source: null,
  data: { sink: 's', reason: 'timeout', message: 'm', since: '2024-05-13T17:19:04.120Z', waiting: 1 },
};
const THREE = [recording(1), failing, recording(2), recording(3)];

test.each([
  { name: 'a list', file: JSON.stringify(THREE, null, 2) },
  { name: 'one a line', file: `${THREE.map((event) => JSON.stringify(event)).join('\n')}\n` },
])(
  'several events of a file go in digests as large as they may be, those for operators alone: $name',
  async ({ file }) => {
    const events = ['recording.available', 'sink.failing'];
    const url = 'https://hooks.slack.com/services/T/B/x';
    const sinks = { chat: { type: 'slack', url, events, digest: { max: 2 } }, line: { type: 'stdout', events } };
    const { stdout } = await rendered(sinks, ['chat', '--json'], file);
    const messages = stdout.map((line) => JSON.parse(line));
    expect(messages.map((message) => message.event ?? message.events)).toEqual(['evt_9', ['evt_1', 'evt_2'], 'evt_3']);
    const digest = expectedDigestId(['evt_1', 'evt_2'].map((id) => expectedDeliveryId(id, 'chat')));
    expect(messages[1]).toMatchObject({ sink: 'chat', type: 'slack', digest });
    expect(messages[1].requests[0].body).toContain(`Digest ${digest}`);
    expect(stdout.join()).not.toMatch(/secret=/);
    const alone = await rendered(sinks, ['line'], file);
    const printed = alone.stdout.filter((line) => line !== '').map((line) => JSON.parse(line).id);
    expect(printed).toEqual(['evt_1', 'evt_9', 'evt_2', 'evt_3']);
  },
);

const { data } = sampleEvent;

test.each([
  { name: 'no JSON', event: '{\n "id": "a" "b"}', want: /^event\.json:2:12: is not JSON; write one event/ },
  { name: 'no event', event: '{}', want: /^event\.json: type: is no type of event; write recording\.available, / },
  { name: 'an empty list', event: '[]', want: /^event\.json: has no event; write one/ },
  { name: 'no event in its list', event: [sampleEvent, 1], want: /^event\.json: \[1\]: type: is no type of event/ },
  {
    name: 'a line that is no JSON',
    event: `${JSON.stringify(sampleEvent)}\n\n{"id": "a" "b"}\n`,
    want: /^event\.json:3:12: is not JSON; write one event/,
  },
  {
    name: 'a line that is no event',
    event: `${JSON.stringify(sampleEvent)}\n{"type": "recording.availble"}\n`,
    want: /^event\.json:2: type: is no type of event; did you mean "recording\.available"\?$/,
  },
  { name: 'nothing', event: 'null', want: /^event\.json: type: is no type/ },
  {
    name: 'a slip in the type',
    event: { ...sampleEvent, type: 'recording.availble' },
    want: /^event\.json: type: is no type of event; did you mean "recording\.available"\?$/,
  },
  {
    name: 'several things',
    event: {
      ...sampleEvent,
      id: 'x',
      timestamp: 'now',
      source: null,
      data: { ...data, occurence: 1, recording: { ...data.recording, uuid: '' } },
    },
    want: /^event\.json: id: is no id of an event.*\nevent\.json: timestamp: is no time.*\nevent\.json: source: found nothing, want text\nevent\.json: data\.recording\.uuid: is empty\nevent\.json: data\.occurence: is not a key that is known here; did you mean "occurrence"\?$/,
  },
  {
    name: 'data of another type',
    event: { ...sampleEvent, type: 'sink.failing', source: null },
    want: /data\.waiting: is required/,
  },
  {
    name: 'an archive that is missing',
    event: { ...sampleEvent, type: 'recording.archived' },
    want: /^event\.json: data\.archive: is required$/,
  },
])('a file with $name is refused in words', async ({ event, want }) => {
  const { code, stdout, stderr } = await rendered({ line: { type: 'stdout' } }, ['line'], event);
  expect({ code, stdout }).toEqual({ code: 2, stdout: [] });
  expect(stderr).toMatch(want);
});

test('a file that is not there', async () => {
  const { code, stderr } = await rendered({ line: { type: 'stdout' } }, ['line', '--event', 'nothing.json']);
  expect({ code, stderr }).toEqual({ code: 2, stderr: 'nothing.json: cannot be read: there is no such file' });
});
