import { type Command, Option } from 'commander';
import type { Config } from '../config/config.js';
import type { OrderLine, PauseOrder } from '../core/order.js';
import { type Pausable, pausableOf } from '../core/pause.js';
import type { Notifier } from '../notifier.js';
import { createLedger } from '../store/ledger.js';
import { type CommandContext, type CommonOptions, EXIT, type Register, UsageError } from './command.js';
import { type CarriedOut, carryOut, tellAttempted } from './orders.js';
import { configForAsking, openStoreOf } from './session.js';

interface PauseOptions extends CommonOptions {
  readonly sink?: true;
  readonly source?: true;
}

export const registerPause: Register = (program, context) => {
  withKind(program.command('pause'))
    .summary('keep a sink or a source still, without touching the config')
    .description(
      'A paused sink gets nothing: deliveries for it are made and wait, and none is used up or given up by that. A paused source is not ' +
        'polled by itself. It lasts through restarts and reloads until "resume". What is under way is finished.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  recording-notifier pause pipeline\n  recording-notifier pause --source production',
    )
    .action(async (name: string, _, command) => {
      await pauseOrResume('pause', name, command.optsWithGlobals(), context);
    });
};

export const registerResume: Register = (program, context) => {
  withKind(program.command('resume'))
    .summary('let a paused sink or source go on')
    .description(
      'What waits for the sink goes, oldest first, at its rate; the source is polled at once. Without a running program what is due for ' +
        'the sink is attempted once, or after the poll what is due for any. A pause of what the config does not have any more ends too.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  recording-notifier resume pipeline\n  recording-notifier resume --source production',
    )
    .action(async (name: string, _, command) => {
      await pauseOrResume('resume', name, command.optsWithGlobals(), context);
    });
};

function withKind(command: Command): Command {
  return command
    .argument('<name>', 'a sink or a source')
    .addOption(new Option('--sink', 'the sink of this name, where a source has it too').conflicts('source'))
    .addOption(new Option('--source', 'the source of this name, where a sink has it too'));
}

async function pauseOrResume(
  kind: PauseOrder['kind'],
  name: string,
  options: PauseOptions,
  context: CommandContext,
): Promise<void> {
  const config = await configForAsking(options, context);
  const wanted = options.sink ? 'sink' : options.source ? 'source' : undefined;
  const of = pausableOf(name, wanted, await pausables(kind, config, context));
  if ('problem' in of) throw new UsageError(of.problem);
  const order: PauseOrder = { kind, subject: of.kind, name: of.name };
  const { lines, attempted } = await carryOut(order, config, options, context, (notifier, done) =>
    goOn(done, of, notifier),
  );
  if (isResumed(lines)) await tellHowItGoesOn(of, attempted, config, context);
  context.end(EXIT.fine);
}

/** What the config has, and for an end of it what is paused, too. */
async function pausables(
  kind: PauseOrder['kind'],
  { sinks, sources, ...config }: Config,
  context: CommandContext,
): Promise<readonly Pausable[]> {
  const configured = [
    ...sinks.map(({ name }): Pausable => ({ kind: 'sink', name })),
    ...sources.map(({ name }): Pausable => ({ kind: 'source', name })),
  ];
  if (kind === 'pause') return configured;
  const { store } = await openStoreOf({ sinks, sources, ...config }, 'read', context);
  try {
    return [...configured, ...(await createLedger(store).pauses())];
  } finally {
    await store.close();
  }
}

/** Without a running program: one attempt of what is due for the sink; or one poll of the source, and of what is due for any. */
async function goOn(lines: readonly OrderLine[], of: Pausable, notifier: Notifier): Promise<void> {
  if (!isResumed(lines)) return;
  for (const line of lines) {
    if (!('kind' in line) || line.kind !== 'source') continue;
    await notifier.pollNow(line.name); // That one fails is logged.
  }
  await notifier.dispatcher.attemptDue(undefined, concernedBy(of));
}

/** What a source's poll makes may be for every sink. */
function concernedBy({ kind, name }: Pausable): (sink: string) => boolean {
  return (sink) => kind === 'source' || sink === name;
}

function isResumed(lines: readonly OrderLine[]): boolean {
  return lines.some(({ result }) => result === 'resumed');
}

/** It has been resumed whatever becomes of what waits, so that is told and changes no exit code. */
async function tellHowItGoesOn(
  of: Pausable,
  attempted: CarriedOut['attempted'],
  config: Config,
  context: CommandContext,
): Promise<void> {
  if (attempted !== undefined) await tellAttempted(attempted, concernedBy(of), config, context);
  else if (of.kind === 'sink') context.tell('The running program sends what waits; "deliveries" shows how it stands.');
  else context.tell('The running program polls it at once.');
}
