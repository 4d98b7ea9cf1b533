import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { apiDeeds } from './api.js';
import type { Built } from './build.js';
import { type Child, startChild } from './child.js';
import type { nodeRedDeeds } from './node-red.js';
import { type Contender, race } from './race.js';
import type { receiverDeeds } from './receiver.js';
import { atMost, type Finding } from './report.js';
import type { ScriptKind, scriptDeeds } from './script.js';
import type { senderDeeds } from './sender.js';
import { spreadOf } from './spread.js';

const SIZES = [1_000, 10_000, 100_000];
const NEWS = 100;
const ROUNDS = 12;
/** Not counted: code is compiled while they run. */
const ROUNDS_BEFORE = 8;

/** Kept from one run to the next, since it takes a minute to install. */
const NODE_RED_FOLDER = join(import.meta.dirname, '../../node_modules/.cache/recording-notifier-bench-node-red');

type Opened = Contender & AsyncDisposable;

/** From a poll's first request to the last of a hundred webhooks, beside what somebody would have in place of the program. */
export async function measureOthers({ bench }: Built): Promise<readonly Finding[]> {
  installNodeRed();
  const findings: Finding[] = [];
  for (const size of SIZES) findings.push(...(await measureSize(bench, size)));
  return findings;
}

function installNodeRed(): void {
  mkdirSync(NODE_RED_FOLDER, { recursive: true });
  writeFileSync(join(NODE_RED_FOLDER, 'package.json'), '{"private":true}');
  const args = ['install', '--no-audit', '--no-fund', '--prefix', NODE_RED_FOLDER, 'node-red@4'];
  const { status, stderr } = spawnSync('npm', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`Node-RED could not be installed: ${stderr}`);
}

async function measureSize(bench: string, size: number): Promise<readonly Finding[]> {
  await using api = startChild<typeof apiDeeds>(join(bench, 'api.js'));
  await using receiver = startChild<typeof receiverDeeds>(join(bench, 'receiver.js'));
  const apiUrl = await api.open(size);
  const hookUrl = await receiver.openHook();
  const contenders = [
    await openOurs(bench, apiUrl, hookUrl),
    await openScript(bench, apiUrl, hookUrl, 'hasty'),
    await openScript(bench, apiUrl, hookUrl, 'lasting'),
    await openNodeRed(bench, apiUrl, hookUrl),
  ];
  const run = { api, receiver, contenders, news: NEWS, rounds: ROUNDS, roundsBefore: ROUNDS_BEFORE };
  const seconds = (await race(run)).map((times) => times.map((ms) => ms / 1_000));
  for (const each of contenders) await each[Symbol.asyncDispose]();

  const [ours = [], ...others] = seconds;
  const median = (values: readonly number[]) => spreadOf(values).median.toFixed(3);
  return others.map((theirs, index) => {
    const what = `to the last of ${NEWS} webhooks at ${size.toLocaleString('en')} recordings, relative to ${contenders[index + 1]?.name}`;
    const ratio = spreadOf(ours.map((each, round) => each / (theirs[round] ?? Number.NaN)));
    return atMost(what, ratio, 1, `${median(ours)} s against ${median(theirs)} s`);
  });
}

async function openOurs(bench: string, apiUrl: string, hookUrl: string): Promise<Opened> {
  const child = startChild<typeof senderDeeds>(join(bench, 'sender.js'));
  await child.open(apiUrl, 'webhook', hookUrl);
  return contender('recording-notifier', child);
}

async function openScript(bench: string, apiUrl: string, hookUrl: string, kind: ScriptKind): Promise<Opened> {
  const child = startChild<typeof scriptDeeds>(join(bench, 'script.js'));
  await child.open(kind, join(mkdtempSync(join(bench, '../../store-')), 'script.sqlite'), apiUrl, hookUrl);
  const name = { hasty: 'a script that sends as it reads', lasting: 'a script that remembers on the disk' }[kind];
  return contender(name, child);
}

async function openNodeRed(bench: string, apiUrl: string, hookUrl: string): Promise<Opened> {
  const child = startChild<typeof nodeRedDeeds>(join(bench, 'node-red.js'));
  const version = await child.open(NODE_RED_FOLDER, apiUrl, hookUrl);
  return contender(`Node-RED ${version}`, child);
}

function contender(name: string, child: Child<{ poll(): Promise<void> }>): Opened {
  return { name, poll: () => child.poll(), [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}
