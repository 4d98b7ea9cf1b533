import { Option } from 'commander';
import { readDotEnv } from '../config/load.js';
import { formatProblem } from '../config/problem.js';
import { type ReceivedMessage, startReceiver } from '../fake/receiver.js';
import { jsonLine } from '../observe/printable.js';
import { keyFlaw } from '../sinks/signing-keys.js';
import { systemClock } from '../system.js';
import { portArgument } from './arguments.js';
import { type CommandContext, EXIT, type Register, UsageError } from './command.js';
import { describeMessage, timeOf } from './messages.js';

const VARIABLE = 'WEBHOOK_SECRET';

interface ListenOptions {
  readonly port: number;
  readonly secret?: readonly string[];
  readonly status?: number;
  readonly json?: true;
}

export const registerListen: Register = (program, context) => {
  program
    .command('listen')
    .summary('a local receiver that verifies signatures and prints what arrives')
    .description(
      'Receives webhooks on 127.0.0.1, verifies their signatures, and prints each. Answers 204, or 401 to one that is not genuine.',
    )
    .addOption(new Option('--port <port>', 'where to listen').argParser(portArgument).default(4020))
    .addOption(
      new Option(
        '--secret <key...>',
        `whsec_… secrets, whpk_… public or whsk_… private keys; better as ${VARIABLE} in the environment or in .env, where others do not see them`,
      ),
    )
    .addOption(new Option('--status <code>', 'always answer with this status').argParser(statusArgument))
    .addHelpText(
      'after',
      '\nExamples:\n  WEBHOOK_SECRET=whsec_… recording-notifier listen\n  recording-notifier listen --secret whpk_…\n  recording-notifier listen --port 4020 --status 500',
    )
    .action(async (_, command) => {
      await listen(command.optsWithGlobals(), context);
      context.end(EXIT.fine);
    });
};

async function listen(options: ListenOptions, context: CommandContext): Promise<void> {
  const { port, status, json } = options;
  const { secrets, origin } = secretsOf(options, context);
  const flaw = secrets.map(keyFlaw).find((found) => found !== undefined);
  if (flaw !== undefined) throw new UsageError(`${origin}: ${flaw.problem}; ${flaw.hint}`);
  const stopped = new Promise<void>((resolve) => context.onSignal(['SIGINT', 'SIGTERM'], () => resolve()));
  const receiver = await startReceiver({
    clock: systemClock,
    port,
    secrets,
    ...(status === undefined ? {} : { respond: () => ({ status }) }),
    // A reader that has gone away does not keep messages from being answered.
    onMessage: (message) => void print(message, secrets.length > 0, json === true, context).catch(() => undefined),
  });
  const checks =
    secrets.length > 0
      ? `signatures are verified by ${origin}`
      : 'signatures are not checked, since no secret was given';
  context.tell(`Listening on ${receiver.url}; ${checks} (Ctrl-C ends it)`);
  await stopped;
  await receiver.close();
}

/** With where they come from, in words. The environment goes before `.env`, as for a config; an empty value is none. */
function secretsOf(
  { secret }: Pick<ListenOptions, 'secret'>,
  { environment }: CommandContext,
): { readonly secrets: readonly string[]; readonly origin: string } {
  if (secret !== undefined) return { secrets: secret, origin: '--secret' };
  const own = environment[VARIABLE];
  if (own !== undefined) return { secrets: own === '' ? [] : [own], origin: `${VARIABLE} of the environment` };
  const dotEnv = readDotEnv();
  if ('problem' in dotEnv) throw new UsageError(formatProblem(dotEnv.problem));
  const value = dotEnv.env[VARIABLE] ?? '';
  return { secrets: value === '' ? [] : [value], origin: `${VARIABLE} of .env` };
}

async function print(message: ReceivedMessage, signed: boolean, json: boolean, context: CommandContext): Promise<void> {
  const { receivedAtMs, headers, body, problem, arrival } = message;
  if (json)
    return context.print(
      jsonLine({
        receivedAt: new Date(receivedAtMs).toISOString(),
        headers,
        body,
        problem: problem ?? null,
        arrival,
      }),
    );
  const [first = '', ...rest] = describeMessage(message, signed);
  await context.print([`${timeOf(receivedAtMs)}  ${first}`, ...rest.map((line) => `          ${line}`), ''].join('\n'));
}

function statusArgument(text: string): number {
  const status = Number(text);
  if (Number.isInteger(status) && status >= 200 && status <= 599) return status;
  throw new UsageError('--status: write an HTTP status from 200 to 599.');
}
