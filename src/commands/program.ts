import { Command, CommanderError } from 'commander';
import { StoreError } from '../store/errors.js';
import { type Process, ReaderGoneError } from '../system.js';
import { VERSION } from '../version.js';
import { registerAnnounce } from './announce.js';
import { registerCheck } from './check.js';
import { type CommandContext, CommandError, EXIT, type ExitCode, type Register, UsageError } from './command.js';
import { registerCompletion } from './completion.js';
import { registerDiscard, registerRelease } from './decide.js';
import { registerDeliveries } from './deliveries.js';
import { registerDemo } from './demo.js';
import { registerDoctor } from './doctor.js';
import { registerDrain } from './drain.js';
import { registerExplain } from './explain.js';
import { registerFakeApi } from './fake-api.js';
import { registerInit } from './init.js';
import { registerListen } from './listen.js';
import { registerPause, registerResume } from './pause.js';
import { registerPoll } from './poll.js';
import { registerRecordings } from './recordings.js';
import { registerRedeliver } from './redeliver.js';
import { registerRender } from './render.js';
import { registerRoutes } from './routes.js';
import { registerRun } from './run.js';
import { registerSchema } from './schema.js';
import { registerTest } from './test-sink.js';
import { registerTry } from './try.js';

/** In the order in which help shows them. */
const COMMANDS: readonly Register[] = [
  registerRun,
  registerPoll,
  registerInit,
  registerCheck,
  registerDoctor,
  registerTry,
  registerTest,
  registerRender,
  registerRoutes,
  registerRecordings,
  registerDeliveries,
  registerExplain,
  registerRedeliver,
  registerAnnounce,
  registerRelease,
  registerDiscard,
  registerPause,
  registerResume,
  registerDrain,
  registerSchema,
  registerCompletion,
  registerDemo,
  registerFakeApi,
  registerListen,
];

/** Runs one command line. */
export async function runCommand(
  argv: readonly string[],
  process: Process,
  exitNow: CommandContext['exitNow'],
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.fine;
  const context: CommandContext = {
    ...process,
    exitNow,
    end: (code) => {
      exitCode = code;
    },
  };
  const help: string[] = [];
  try {
    await programOf(context, (text) => help.push(text)).parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    for (const text of help) await process.print(text.trimEnd()).catch(() => {}); // Nobody reads it any more.
    return explainFailure(error, process);
  }
}

/** @param onHelp what commander writes to stdout, before it throws */
function programOf(context: CommandContext, onHelp: (text: string) => void): Command {
  const program = new Command('recording-notifier')
    .configureOutput({ writeOut: onHelp, writeErr: (text) => context.tell(text.trimEnd()) })
    .description(
      'Watches the list of recordings of a video platform and tells every configured place as soon as one becomes available.',
    )
    .version(VERSION)
    .option('--config <file>', 'the configuration', 'config/notifier.yaml')
    .option('--json', 'print one JSON object a line')
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      '\nTry it:  recording-notifier demo\nStart:   recording-notifier check && recording-notifier run',
    )
    .exitOverride();
  // Commander says what is wrong, and not where to look.
  program.showHelpAfterError('"recording-notifier --help" lists the commands.');
  for (const register of COMMANDS) register(program, context);
  for (const command of program.commands)
    command.showHelpAfterError(`"recording-notifier ${command.name()} --help" shows how it is used.`);
  return program;
}

/** What goes wrong in a way that is known is said in words; a bug shows its stack. */
function explainFailure(error: unknown, { tell }: Process): ExitCode {
  if (error instanceof ReaderGoneError) return EXIT.fine;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
  if (error instanceof UsageError) {
    tell(error.message);
    return EXIT.usage;
  }
  if (error instanceof CommandError || error instanceof StoreError) {
    tell(error.message);
    return EXIT.failed;
  }
  if (isListenError(error)) {
    tell(`${error.message}; choose another by --port`);
    return EXIT.failed;
  }
  tell(error instanceof Error ? (error.stack ?? error.message) : String(error));
  tell('This is a mistake of the program: report it with what "recording-notifier doctor" prints.');
  return EXIT.failed;
}

/** A port that is taken or not allowed. */
function isListenError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error && error.syscall === 'listen';
}
