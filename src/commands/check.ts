import type { Config, SinkConfig } from '../config/config.js';
import { notices } from '../config/notices.js';
import type { Pause } from '../core/pause.js';
import type { HttpClient } from '../ports.js';
import { createLedger } from '../store/ledger.js';
import { systemClock } from '../system.js';
import { pausedText } from '../views/pause-words.js';
import { countArchive } from './archive-count.js';
import { type CommandContext, type CommonOptions, EXIT, type ExitCode, type Register } from './command.js';
import { configOf, httpOf, openStoreOf } from './session.js';
import {
  credentialLife,
  type Finding,
  findingLine,
  openForTrial,
  tryConnection,
  tryHeartbeat,
  tryList,
  tryQueue,
  tryStore,
} from './trials.js';
import { addTo, heldText, sourceOf } from './waiting.js';
import { tryWriting } from './writing.js';

interface CheckOptions extends CommonOptions {
  readonly connect?: true;
}

export const registerCheck: Register = (program, context) => {
  program
    .command('check')
    .summary('validate the config; --connect also tries what it names')
    .description(
      'Validates the config and prints every problem at once, each with its place. Exit code 2 when there is one.',
    )
    .option(
      '--connect',
      'also try credentials, store and sinks, without sending a message, and count what is not archived yet; exit code 1 when one fails',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  recording-notifier check\n  recording-notifier check --connect --config /etc/notifier.yaml',
    )
    .action(async (_, command) => {
      const options: CheckOptions = command.optsWithGlobals();
      const config = configOf(options, context);
      context.end(await check(config, options, context));
    });
};

async function check(config: Config, options: CheckOptions, context: CommandContext): Promise<ExitCode> {
  const { sources, sinks } = config;
  let failed = 0;
  for await (const finding of findings(config, options, context)) {
    if (finding.result === 'failed') failed += 1;
    await context.print(findingLine(finding, options, context));
  }
  if (!options.json) {
    const counts = `${sources.length} ${sources.length === 1 ? 'source' : 'sources'}, ${sinks.length} ${sinks.length === 1 ? 'sink' : 'sinks'}`;
    await context.print(
      failed === 0 ? `${config.file} is valid: ${counts}` : `${config.file} is valid (${counts}), but ${failed} failed`,
    );
  }
  return failed === 0 ? EXIT.fine : EXIT.failed;
}

async function* findings(config: Config, { connect }: CheckOptions, context: CommandContext): AsyncGenerator<Finding> {
  for (const notice of notices(config, systemClock.nowMs())) yield { what: 'config', result: 'notice', detail: notice };
  yield* waitingFor(config, context);
  for (const { name, definition, settings } of config.sinks) {
    const facts = definition.facts?.(settings) ?? [];
    for (const detail of facts) yield { what: `sinks.${name}`, result: 'ok', detail };
  }
  const http = httpOf(config, context);
  try {
    for (const source of config.sources) {
      const life = credentialLife(openForTrial(source, http, config, context));
      if (life !== undefined) yield { what: `sources.${source.name}`, ...life };
    }
    if (!connect) return;
    for (const trial of await tryStore(config.store, context)) yield { what: 'store', ...trial };
    const unwritten = await tryWriting(config.store, context);
    if (unwritten !== undefined) yield { what: 'store', ...unwritten };
    for (const trial of config.queue === undefined ? [] : await tryQueue(config, config.queue))
      yield { what: 'queue', ...trial };
    for (const source of config.sources)
      yield { what: `sources.${source.name}`, ...(await tryList(source, http, config, context)) };
    for (const sink of config.sinks) yield* trySink(sink, http, config, context);
    if (config.heartbeat !== undefined) yield { what: 'heartbeat', ...(await tryHeartbeat(config.heartbeat, http)) };
  } finally {
    await http.close();
  }
}

/** Of an archive also how far it is. */
async function* trySink(
  sink: SinkConfig,
  http: HttpClient,
  config: Config,
  context: CommandContext,
): AsyncGenerator<Finding> {
  const what = `sinks.${sink.name}`;
  const reached = await tryConnection(sink, http, context);
  if (!sink.enabled && reached.result === 'failed') {
    yield { what, result: 'notice', detail: `${reached.detail}; it is disabled, so that is no failure` };
    return;
  }
  yield { what, ...reached };
  const archive = sink.definition.archive?.(sink.settings);
  if (archive !== undefined && reached.result !== 'failed') {
    yield { what, ...(await countArchive(sink, archive, config, context)) };
  }
}

/** Deliveries that wait for a sink which the config does not have or has disabled, or for a decision, and what is paused. Silent where there is no store to look into. */
async function* waitingFor(config: Config, context: CommandContext): AsyncGenerator<Finding> {
  const opened =
    config.store.kind === 'memory' ? undefined : await openStoreOf(config, 'read', context).catch(() => undefined);
  if (opened === undefined) return;
  const enabled = new Set(config.sinks.filter((sink) => sink.enabled).map(({ name }) => name));
  const waiting = new Map<string, number>();
  const heldBySource = new Map<string, number>();
  const ledger = createLedger(opened.store);
  let paused: readonly Pause[] = [];
  try {
    paused = await ledger.pauses();
    for await (const delivery of ledger.pending()) {
      if (delivery.state === 'held') addTo(heldBySource, sourceOf(delivery));
      else addTo(waiting, delivery.sink);
    }
  } finally {
    await opened.store.close();
  }
  for (const [sink, count] of waiting) {
    if (enabled.has(sink)) continue;
    yield {
      what: `sinks.${sink}`,
      result: 'notice',
      detail: `${count} deliveries wait for it, but it is disabled or not in the config.`,
    };
  }
  for (const [source, count] of heldBySource) {
    yield { what: `sources.${source}`, result: 'notice', detail: heldText(source, count) };
  }
  for (const pause of paused) {
    yield {
      what: `${pause.kind}s.${pause.name}`,
      result: 'notice',
      detail: pausedText(pause, config, pause.kind === 'sink' ? waiting.get(pause.name) : undefined),
    };
  }
}
