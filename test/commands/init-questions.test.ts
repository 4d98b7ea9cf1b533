import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { SINK_RECIPES } from '../../src/commands/init-recipes.js';
import { runCommand } from '../../src/commands/program.js';
import { thisProcess } from '../../src/system.js';
import { createCondition } from '../support/condition.js';
import { CLIENT_SECRET, createStage, SIGNING_SECRET } from '../support/stage.js';

const stage = createStage();

const ENTER = '\r';
const BACKSPACE = '\u007f';
const DOWN = '\u001b[B';
const CTRL_C = '\u0003';

test('it asks, tries, asks again after a wrong secret, and sends a sample', async () => {
  const [api, receiver] = [await stage.api(), await stage.receiver()];
  const talk = talkOf(['--base-url', api.url, '--webhook-secret', SIGNING_SECRET]);
  await talk.answer('Which credentials', ENTER);
  await talk.answer('Client id', `client${ENTER}`);
  await talk.answer('Secret', `wrong${ENTER}`);
  await talk.answer('What now?', ENTER);
  await talk.answer('Client id', ENTER);
  await talk.answer('Secret', `${CLIENT_SECRET}${ENTER}`);
  await talk.answer('Base URL', ENTER);
  await talk.answer('When to poll', `x${ENTER}`);
  await talk.answer('is not a cron expression', `${BACKSPACE}${ENTER}`);
  await talk.answer('What of the recordings', ENTER);
  const row = SINK_RECIPES.findIndex(({ type }) => type === 'webhook');
  await talk.answer('Who is told', `${DOWN.repeat(row)} ${ENTER}`);
  await talk.answer('URL of the endpoint', `${receiver.url}${ENTER}`);
  await talk.answer('Send a sample', ENTER);
  await talk.answer('Where is kept', ENTER);
  expect(await talk.ended).toBe(0);

  expect(receiver.messages).toEqual([expect.objectContaining({ id: expect.stringMatching(/^evt_test_/) })]);
  expect(talk.shown()).not.toMatch(new RegExp([CLIENT_SECRET, SIGNING_SECRET].join('|')));
  expect(talk.shown()).toContain(receiver.url);
  expect(talk.shown()).toMatch(/401.*; renew the answer to "Secret"/);
  expect(await stage.run(['check', '--connect'])).toMatchObject({ code: 0 });
});

test('a receiver that cannot know its new secret yet gets no sample, and a line on what to do', async () => {
  const [api, receiver] = [await stage.api(), await stage.receiver()];
  const talk = talkOf(['--base-url', api.url, '--webhook-url', receiver.url, '--client-id', 'client']);
  await talk.answer('Secret', `${CLIENT_SECRET}${ENTER}`);
  await talk.answer('When to poll', ENTER);
  await talk.answer('What of the recordings', ENTER);
  await talk.answer('Signing secret', ENTER);
  await talk.answer('Where is kept', ENTER);
  expect(await talk.ended).toBe(0);
  expect(talk.shown()).toMatch(/start the receiver of pipeline in a second terminal.* listen --port \d+/);
  expect(talk.shown()).not.toMatch(/Send a sample/);
  expect(receiver.messages).toEqual([]);
});

test('a receiver that is not started yet can be kept, and so can a store on a server', async () => {
  const [api, receiver] = [await stage.api(), await stage.receiver()];
  await receiver.close();
  const sink = ['--webhook-url', receiver.url, '--webhook-secret', SIGNING_SECRET];
  const talk = talkOf(['--base-url', api.url, ...sink, '--client-id', 'client']);
  await talk.answer('Secret', `${CLIENT_SECRET}${ENTER}`);
  await talk.answer('When to poll', ENTER);
  await talk.answer('What of the recordings', ENTER);
  await talk.answer('nothing listens there yet', ENTER);
  await talk.answer('Where is kept', `${DOWN}${ENTER}`);
  await talk.answer('URL of the store', `redis://:hidden-pass@127.0.0.1:1/0${ENTER}`);
  await talk.answer('What now?', `${DOWN}${ENTER}`);
  expect(await talk.ended).toBe(0);
  expect(talk.shown()).not.toMatch(/Send a sample|hidden-pass/);
  expect(talk.shown()).toMatch(/recording-notifier listen --port \d+\n +recording-notifier test pipeline/);
  expect(textOf('.env')).toMatch(/^STORE_URL='?redis:\/\/:hidden-pass@/m);
});

test('Ctrl-C ends it with 130, and nothing is written', async () => {
  const talk = talkOf([]);
  await talk.answer('Which credentials', ENTER);
  await talk.answer('Client id', CTRL_C);
  expect(await talk.ended).toBe(130);
  expect(talk.shown()).toMatch(/Nothing was written/);
  expectNothingWritten();
});

function textOf(file: string): string {
  return readFileSync(join(stage.folder, file), 'utf8');
}

function expectNothingWritten(): void {
  expect(['config/notifier.yaml', '.env'].filter((file) => existsSync(join(stage.folder, file)))).toEqual([]);
}

/** A person at a terminal of streams, who types when a question is shown. */
function talkOf(args: readonly string[]) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  let [shown, answered] = ['', 0];
  const condition = createCondition(() => shown);
  const show = (text: string) => {
    shown += text;
    condition.check();
  };
  output.setEncoding('utf8').on('data', show);
  const process = {
    ...thisProcess(),
    environment: {},
    cwd: stage.folder,
    terminal: { input, output },
    print: async (line: string) => show(`${line}\n`),
    tell: (line: string) => show(`${line}\n`),
  };
  const ended = runCommand(['init', ...args], process, () => {
    throw new Error('it ended at once');
  });
  return {
    ended,
    shown: () => shown,
    answer: async (question: string, keys: string) => {
      await condition.until(`it asks "${question}"`, () => shown.includes(question, answered));
      answered = shown.length;
      input.write(keys);
    },
  };
}
