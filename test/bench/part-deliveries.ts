import { join } from 'node:path';
import type { apiDeeds } from './api.js';
import type { bareSenderDeeds } from './bare-sender.js';
import type { Built } from './build.js';
import { startChild } from './child.js';
import type { Cost } from './measure.js';
import { race } from './race.js';
import type { receiverDeeds } from './receiver.js';
import { atLeast, atMost, type Finding } from './report.js';
import type { senderDeeds } from './sender.js';
import type { SinkKind } from './sink.js';
import { inTurns, spreadOf } from './spread.js';

/** As many as wait at first. */
const WEBHOOKS = [500, 2_000, 8_000];
const MAILS = [125, 500, 2_000];
const RATE_RATIO_MIN = 0.7;
const LATENCY_RATIO_MAX = 3;
/** Nothing that can be measured. */
const DEAD_RATIO_MAX = 1.1;
const TOLD_AT_ONCE = 100;
const ROUNDS = 9;
/** Not counted: code is compiled while they run. */
const ROUNDS_BEFORE = 4;
const LATENCY_ROUNDS = 21;
const LATENCY_ROUNDS_BEFORE = 20;

/** How fast what is in the outbox goes, and how soon what a poll has shown, beside loops that only sign and send. */
export async function measureDeliveries(built: Built): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const count of WEBHOOKS) findings.push(await measureRate(built, 'webhook', count));
  findings.push(await measureLatency(built), await measureDead(built));
  for (const count of MAILS) findings.push(await measureRate(built, 'email', count));
  return findings;
}

async function measureRate({ bench }: Built, kind: SinkKind, count: number): Promise<Finding> {
  await using stage = await openStage(bench, kind);
  const { api, sender, bare } = stage;
  const pairs = await inTurns(
    ROUNDS_BEFORE + ROUNDS,
    async () => {
      await api.add(count);
      return sender.drain(count);
    },
    () => bare.drain(count),
  );
  const counted = pairs.slice(ROUNDS_BEFORE);
  const rate = ({ wallMs }: Cost) => (count * 1_000) / wallMs;
  const ratio = spreadOf(counted.map(([ours, theirs]) => rate(ours) / rate(theirs)));
  const rates = [spreadOf(counted.map(([ours]) => rate(ours))), spreadOf(counted.map(([, theirs]) => rate(theirs)))];
  const beside = rates.map(({ median }) => median.toFixed(0)).join(' a second against ');
  const what = kind === 'webhook' ? 'signed webhooks a second, 64 in flight' : 'mails a second, on 3 connections';
  return atLeast(`${what}, of ${count.toLocaleString('en')}`, ratio, RATE_RATIO_MIN, beside);
}

async function measureLatency({ bench }: Built): Promise<Finding> {
  await using stage = await openStage(bench, 'webhook');
  const { api, sender, bare } = stage;
  const pairs = await inTurns(
    LATENCY_ROUNDS_BEFORE + LATENCY_ROUNDS,
    async () => {
      await api.add(TOLD_AT_ONCE);
      return sender.tell(TOLD_AT_ONCE);
    },
    () => bare.tell(TOLD_AT_ONCE),
  );
  const counted = pairs.slice(LATENCY_ROUNDS_BEFORE);
  const ratio = spreadOf(counted.map(([ours, theirs]) => ours / theirs));
  const times = [spreadOf(counted.map(([ours]) => ours)), spreadOf(counted.map(([, theirs]) => theirs))];
  const beside = `${times.map(({ median }) => median.toFixed(0)).join(' ms against ')} ms`;
  return atMost(`from the list's answer to the last of ${TOLD_AT_ONCE} webhooks`, ratio, LATENCY_RATIO_MAX, beside);
}

/** A sink where nobody answers, beside one that works. */
async function measureDead({ bench }: Built): Promise<Finding> {
  await using api = startChild<typeof apiDeeds>(join(bench, 'api.js'));
  await using receiver = startChild<typeof receiverDeeds>(join(bench, 'receiver.js'));
  await using alone = startChild<typeof senderDeeds>(join(bench, 'sender.js'));
  await using beside = startChild<typeof senderDeeds>(join(bench, 'sender.js'));
  const [url, to] = [await api.open(0), await receiver.openHook()];
  await alone.open(url, 'webhook', to);
  await beside.open(url, 'webhook', to, 'http://127.0.0.1:9/');
  const contenders = [
    { name: 'beside a dead one', poll: () => beside.poll() },
    { name: 'alone', poll: () => alone.poll() },
  ];
  const rounds = { rounds: LATENCY_ROUNDS, roundsBefore: LATENCY_ROUNDS_BEFORE };
  const [besideMs = [], aloneMs = []] = await race({ api, receiver, contenders, news: TOLD_AT_ONCE, ...rounds });
  const ratio = spreadOf(besideMs.map((ms, round) => ms / (aloneMs[round] ?? Number.NaN)));
  const told = [besideMs, aloneMs].map((times) => spreadOf(times).median.toFixed(0)).join(' ms against ');
  return atMost('the same, with a dead sink beside it', ratio, DEAD_RATIO_MAX, `${told} ms`);
}

async function openStage(bench: string, kind: SinkKind) {
  const api = startChild<typeof apiDeeds>(join(bench, 'api.js'));
  const receiver = startChild<typeof receiverDeeds>(join(bench, 'receiver.js'));
  const sender = startChild<typeof senderDeeds>(join(bench, 'sender.js'));
  const bare = startChild<typeof bareSenderDeeds>(join(bench, 'bare-sender.js'));
  const url = await api.open(0);
  const to = await (kind === 'webhook' ? receiver.openHook() : receiver.openMail());
  await Promise.all([sender.open(url, kind, to), bare.open(url, kind, to)]);
  return {
    api,
    sender,
    bare,
    async [Symbol.asyncDispose]() {
      for (const child of [sender, bare, receiver, api]) await child[Symbol.asyncDispose]();
    },
  };
}
