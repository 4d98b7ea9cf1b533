import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { startDoor } from '../engine/door.js';
import { webhookTo } from '../engine/sinks.js';
import { configOf, openWorld, sourceOf } from '../support/notifier-stage.js';
import { startServed } from '../support/served.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { describeWithTool } from '../support/tools.js';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

/** One series, as promtool writes them: `1x3` is 1 and 1 three times more, `0+1x3` counts from 0 to 3, `_` is no sample; one a minute. */
interface AlertCase {
  readonly name: string;
  readonly alert: string;
  readonly series: Readonly<Record<string, string>>;
  /** When it is looked at. */
  readonly at: string;
  readonly fires: boolean;
}

const FOLDER = join(import.meta.dirname, '../../config/deploy');
const RULES: readonly Rule[] = parse(readFileSync(join(FOLDER, 'alerts.yaml'), 'utf8')).groups[0].rules;

const UP = 'up{job="recording-notifier",instance="n"}';
const STARTED = 'process_start_time_seconds{job="recording-notifier",instance="n"}';
const READY = 'recording_notifier_ready{instance="n"}';
const RELOADED = 'recording_notifier_config_last_reload_successful{instance="n"}';
const STORE = 'recording_notifier_store_failing_seconds{instance="n"}';
const OVERDUE = 'recording_notifier_source_overdue_seconds{source="a"}';
const COMPLETE = 'recording_notifier_polls_total{source="a",result="complete"}';
const FAILED = 'recording_notifier_polls_total{source="a",result="failed"}';
const INCOMPLETE = 'recording_notifier_polls_total{source="a",result="incomplete"}';
const REJECTED = 'recording_notifier_rows_rejected_total{source="a"}';
const EXPIRY = 'recording_notifier_source_credential_expiry_timestamp_seconds{source="a"}';
const SUSPENDED = 'recording_notifier_sink_suspended{sink="s"}';
const DEAD = 'recording_notifier_deliveries_finished_total{sink="s",state="dead"}';
const DELIVERED = 'recording_notifier_deliveries_finished_total{sink="s",state="delivered"}';
const HELD = 'recording_notifier_deliveries_held{source="a"}';
const WAITING = 'recording_notifier_deliveries_waiting{sink="s"}';

/** What Prometheus adds by itself. */
const OF_SCRAPE = ['job', 'instance'];
const DAY_S = 86_400;

const CASES: readonly AlertCase[] = [
  ...ofAlert('RecordingNotifierDown', [
    { name: 'it cannot be reached', series: { [UP]: '1x5 0x5' }, at: '9m', fires: true },
    { name: 'nobody scrapes it', series: {}, at: '3m', fires: true },
    { name: 'one scrape fails', series: { [UP]: '1x5 0 1x5' }, at: '9m', fires: false },
    { name: 'it is up', series: { [UP]: '1x10' }, at: '9m', fires: false },
  ]),
  ...ofAlert('RecordingNotifierNotReady', [
    { name: 'it stays unready', series: { [READY]: '0x15' }, at: '11m', fires: true },
    { name: 'it becomes ready again', series: { [READY]: '0x5 1x10' }, at: '11m', fires: false },
  ]),
  ...ofAlert('RecordingNotifierRestarting', [
    {
      name: 'it is started every ten minutes',
      series: { [STARTED]: '0x9 600x9 1200x9 1800x9 2400x9' },
      at: '45m',
      fires: true,
    },
    { name: 'it is started twice by hand', series: { [STARTED]: '0x9 600x9 1200x40' }, at: '45m', fires: false },
  ]),
  ...ofAlert('RecordingNotifierReloadRefused', [
    { name: 'the config stays faulty', series: { [RELOADED]: '1x1 0x10' }, at: '9m', fires: true },
    { name: 'a mistake is mended at once', series: { [RELOADED]: '1x1 0x2 1x10' }, at: '9m', fires: false },
  ]),
  ...ofAlert('RecordingNotifierStoreFailing', [
    { name: 'the store is away', series: { [STORE]: '0 60x1 120' }, at: '3m', fires: true },
    { name: 'the store was away for a moment', series: { [STORE]: '0 10 0 0' }, at: '3m', fires: false },
  ]),
  ...ofAlert('RecordingNotifierSourceOverdue', [
    { name: 'no poll is complete', series: { [OVERDUE]: '0+60x10' }, at: '6m', fires: true },
    { name: 'a poll fails, the next one does not', series: { [OVERDUE]: '0 60 0 60 0 0 0' }, at: '6m', fires: false },
  ]),
  ...ofAlert('RecordingNotifierPollsFailing', [
    { name: 'two of three fail', series: { [COMPLETE]: '0+1x40', [FAILED]: '0+2x40' }, at: '30m', fires: true },
    {
      name: 'two of three break off',
      series: { [COMPLETE]: '0+1x40', [INCOMPLETE]: '0+2x40' },
      at: '30m',
      fires: true,
    },
    { name: 'one of three fails', series: { [COMPLETE]: '0+2x40', [FAILED]: '0+1x40' }, at: '30m', fires: false },
    { name: 'there are no polls', series: { [COMPLETE]: '5x40', [FAILED]: '5x40' }, at: '30m', fires: false },
  ]),
  ...ofAlert('RecordingNotifierRowsRejected', [
    { name: 'a row stays what it is', series: { [REJECTED]: '0+2x40' }, at: '20m', fires: true },
    { name: 'a row is wrong in one poll', series: { [REJECTED]: '0x9 1x40' }, at: '30m', fires: false },
  ]),
  ...ofAlert('RecordingNotifierCredentialExpiresInAWeek', [
    { name: 'in six days', series: { [EXPIRY]: `${6 * DAY_S}x5` }, at: '1m', fires: true },
    { name: 'in eight days', series: { [EXPIRY]: `${8 * DAY_S}x5` }, at: '1m', fires: false },
    { name: 'in an hour, which is the other one', series: { [EXPIRY]: '3600x5' }, at: '1m', fires: false },
  ]),
  ...ofAlert('RecordingNotifierCredentialExpires', [
    { name: 'in an hour', series: { [EXPIRY]: '3600x5' }, at: '1m', fires: true },
    { name: 'it is dead', series: { [EXPIRY]: '60x5' }, at: '3m', fires: true },
    { name: 'in two days', series: { [EXPIRY]: `${2 * DAY_S}x5` }, at: '1m', fires: false },
  ]),
  ...ofAlert('RecordingNotifierSinkSuspended', [
    { name: 'nothing is sent', series: { [SUSPENDED]: '0 1x5' }, at: '3m', fires: true },
    { name: 'it is not', series: { [SUSPENDED]: '0x5' }, at: '3m', fires: false },
    { name: 'a trial at once lifts it', series: { [SUSPENDED]: '0 1 0 0' }, at: '3m', fires: false },
  ]),
  ...ofAlert('RecordingNotifierDeliveriesDead', [
    { name: 'the first one since the start', series: { [DEAD]: '0x5 1x9' }, at: '6m', fires: true },
    { name: 'it was long ago', series: { [DEAD]: '0x5 1x40' }, at: '30m', fires: false },
    { name: 'they arrive', series: { [DELIVERED]: '0+5x9', [DEAD]: '0x9' }, at: '6m', fires: false },
  ]),
  ...ofAlert('RecordingNotifierDeliveriesHeld', [
    { name: 'some wait for a decision', series: { [HELD]: '0 1200x5' }, at: '3m', fires: true },
    { name: 'it was decided', series: { [HELD]: '1200 0x5' }, at: '3m', fires: false },
    { name: 'nothing ever was', series: {}, at: '3m', fires: false },
  ]),
  ...ofAlert('RecordingNotifierDeliveriesNotDraining', [
    {
      name: 'nothing arrives',
      series: { [WAITING]: '3x99', [DELIVERED]: '7x99', [SUSPENDED]: '0x99' },
      at: '65m',
      fires: true,
    },
    { name: 'the sink is not configured any more', series: { [WAITING]: '3x99' }, at: '65m', fires: true },
    {
      name: 'it takes long, but goes on',
      series: { [WAITING]: '900-1x99', [DELIVERED]: '0+1x99' },
      at: '65m',
      fires: false,
    },
    {
      name: 'a sink that is suspended has its own',
      series: { [WAITING]: '3x99', [SUSPENDED]: '1x99' },
      at: '65m',
      fires: false,
    },
    {
      name: 'a sink that somebody has paused',
      series: { [WAITING]: '3x99', ['recording_notifier_sink_paused{sink="s"}']: '1x99' },
      at: '65m',
      fires: false,
    },
    { name: 'nothing waits', series: { [WAITING]: '0x99', [DELIVERED]: '7x99' }, at: '65m', fires: false },
  ]),
];

function ofAlert(alert: string, cases: readonly Omit<AlertCase, 'alert'>[]): readonly AlertCase[] {
  return cases.map((each) => ({ alert, ...each }));
}

describeWithTool('promtool', 'Prometheus', () => {
  test('takes the scrape config and the rules', () => {
    const folder = temporaryFolder();
    const config = readFileSync(join(FOLDER, 'prometheus.yaml'), 'utf8');
    const token = join(folder, 'notifier-token');
    writeFileSync(token, 'token');
    writeFileSync(join(folder, 'prometheus.yaml'), config.replace('/run/secrets/notifier-token', token));
    copyFileSync(join(FOLDER, 'alerts.yaml'), join(folder, 'alerts.yaml'));
    const said = promtool('check', 'config', join(folder, 'prometheus.yaml'));
    expect(said).toContain(`SUCCESS: ${RULES.length} rules found`);
  });

  test.each(CASES.map((each) => ({ ...each, does: each.fires ? 'fires' : 'is quiet' })))(
    '$alert $does: $name',
    (each) => {
      const file = join(temporaryFolder(), 'case.yaml');
      writeFileSync(file, JSON.stringify(unitTestOf(each)));
      expect(promtool('test', 'rules', file)).toContain('SUCCESS');
    },
  );
});

test('every alert has cases in which it fires, and in which it does not', () => {
  const seen = (fires: boolean) => new Set(CASES.filter((each) => each.fires === fires).map(({ alert }) => alert));
  const names = new Set(RULES.map(({ alert }) => alert));
  expect({ firing: seen(true), quiet: seen(false) }).toEqual({ firing: names, quiet: names });
});

test.each(RULES)('$alert says how bad it is, and what to do', ({ labels, annotations }) => {
  expect(['critical', 'warning']).toContain(labels.severity);
  expect(annotations).toEqual({ summary: expect.any(String), description: expect.stringMatching(/.{60}/) });
});

test('rules and their cases name metrics and labels that /metrics has', async () => {
  const real = labelsByName(await metricsText());
  const used = [
    ...RULES.flatMap(({ expr }) => selectorsOf(expr)),
    ...CASES.flatMap(({ series }) => Object.keys(series).flatMap(selectorsOf)),
  ].filter(({ metric }) => metric !== 'up');
  expect(used.filter(({ metric }) => !real.has(metric))).toEqual([]);
  const hasLabel = (metric: string, label: string) => OF_SCRAPE.includes(label) || real.get(metric)?.has(label);
  expect(used.filter(({ metric, labels }) => !labels.every((label) => hasLabel(metric, label)))).toEqual([]);
  for (const { expr, annotations } of RULES) {
    const told = [
      ...Object.values(annotations)
        .join(' ')
        .matchAll(/\$labels\.(\w+)/g),
    ].map(([, label = '']) => label);
    const [{ metric } = { metric: '' }] = selectorsOf(expr);
    expect(told.filter((label) => !hasLabel(metric, label))).toEqual([]);
  }
});

/** Of a program that has a delivery which is held, and a credential whose end is known. */
async function metricsText(): Promise<string> {
  await using world = await openWorld();
  await using door = await startDoor();
  const source = sourceOf('production', world.api.url, {
    auth: { clientId: 'c', secret: 's', expiresAt: '2099-01-01' },
  });
  const config = { ...configOf([source], [webhookTo('hook', door.url)]), floodLimit: 1 };
  await using served = await startServed(world, config);
  await served.program.notifier.pollAll();
  for (const uuid of ['one', 'two', 'three']) world.api.recordings.add({ uuid, status: 'available' });
  await served.program.notifier.pollAll();
  await served.program.notifier.attemptDue();
  return (await served.get('/metrics')).text();
}

test.each([
  { text: 'changes(some_total[1h]) > 3', want: [{ metric: 'some_total', labels: [] }] },
  { text: 'sum without (a) (rate(x_total{a!="b",c="d"}[5m])) / 2', want: [{ metric: 'x_total', labels: ['a', 'c'] }] },
  { text: 'y_one - time() < 7 * 86400', want: [{ metric: 'y_one', labels: [] }] },
  { text: 'up{job="x"} == 0', want: [{ metric: 'up', labels: ['job'] }] },
])('the metrics that an expression names: $text', ({ text, want }) => {
  expect(selectorsOf(text)).toEqual(want);
});

/** Metrics by their names, which have an underscore or are `up`, with the labels that they are selected by. */
function selectorsOf(expr: string): { readonly metric: string; readonly labels: readonly string[] }[] {
  return [...expr.matchAll(/\b(up|[a-z]+_[a-z_]+)\b(?!\s*\()(?:\{([^}]*)\})?/g)]
    .filter(([, metric]) => metric !== undefined)
    .map(([, metric = '', matchers = '']) => ({
      metric,
      labels: [...matchers.matchAll(/(\w+)[!=]/g)].map(([, label = '']) => label),
    }));
}

/** The labels of the samples of each metric. */
function labelsByName(text: string): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const [, name = '', labels = ''] of text.matchAll(/^([a-z_]+)(?:\{(.*)\})? /gm)) {
    const known = found.get(name) ?? new Set();
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label);
    found.set(name, known);
  }
  return found;
}

function unitTestOf({ alert, series, at, fires }: AlertCase): unknown {
  return {
    rule_files: [join(FOLDER, 'alerts.yaml')],
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        promql_expr_test: [
          {
            expr: `sum by (alertname) (ALERTS{alertstate="firing",alertname="${alert}"})`,
            eval_time: at,
            exp_samples: fires ? [{ labels: `{alertname="${alert}"}`, value: 1 }] : [],
          },
        ],
      },
    ],
  };
}

function promtool(...args: readonly string[]): string {
  return execFileSync('promtool', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
