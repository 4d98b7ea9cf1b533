import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { z } from 'zod';
import { isRecordingEvent, type NotifierEvent } from '../core/event.js';
import type { Failed, FailureReason, Outcome } from '../core/failure.js';
import { jsonLine } from '../observe/printable.js';
import type { Clock } from '../ports.js';
import { type Flaw, issueOf, secret } from '../settings.js';
import { defineSink, type SinkContext } from './define.js';
import { type Ended, GRACE_MS, run } from './exec-run.js';
import { oneLine } from './text.js';

const NAME_CHARACTERS_MAX = 100;
const OURS = 'RECORDING_NOTIFIER_';

const text = z.string().refine((value) => !value.includes('\0'), 'holds a character that no argument has');

const variables = z.record(z.string(), secret()).superRefine((given, context) => {
  for (const [name, value] of Object.entries(given)) {
    const flaw = variableFlaw(name, value);
    if (flaw !== undefined) context.addIssue({ ...issueOf({ ...flaw, isBare: true }), path: [name] });
  }
});

function variableFlaw(name: string, value: string): Flaw | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    return { problem: 'is not the name of a variable', hint: 'use letters, digits and underscores' };
  if (name.startsWith(OURS)) return { problem: 'is a variable that the notifier sets', hint: 'leave it out' };
  return value.includes('\0') ? { problem: 'holds a character that no variable has' } : undefined;
}

const settings = z.strictObject({
  command: z
    .array(text)
    .min(1)
    .max(100)
    .describe(
      'Program and arguments, as a list; there is no shell. A program without a slash is looked for in PATH. No place for secrets: others on the machine see arguments. When its time is over it gets SIGTERM, and its event again later, whatever it exits with then. Where the notifier itself is killed, the program goes on, and is started again with the same id.',
    ),
  env: variables
    .prefault({})
    .describe(
      'Variables for the program, beside PATH, HOME, USER, LOGNAME, SHELL, LANG, LANGUAGE, LC_*, TZ and TMPDIR; it has no others of ours.',
    ),
  cwd: text.min(1).optional().describe('Its working directory; without it, that of the notifier.'),
});

type Context = SinkContext<z.output<typeof settings>>;

export const exec = defineSink({
  type: 'exec',
  summary: 'Runs a program of yours for each event, with the event as JSON on its standard input.',
  settings,
  example: 'command: [./notify.sh, recordings]\n',
  concurrency: 1,
  costs: 'much',
  render(event, context) {
    const { command } = context.settings;
    const environment = Object.entries(variablesOf(event, context)).map(([name, value]) => `${name}=${value}`);
    return [
      { name: 'command', content: jsonLine(command) },
      { name: 'environment', content: environment.join('\n') },
      { name: 'standard input', content: jsonLine(event) },
    ];
  },
  async deliver(event, context) {
    const { programs, signal, clock } = context;
    if (programs === undefined) return failed('program_failed', 'no program can be started from here');
    const { command, cwd } = context.settings;
    const [program = '', ...args] = command;
    const environment = { ...programs.environment, ...variablesOf(event, context) };
    const folder = cwd === undefined ? undefined : resolve(cwd);
    const running = run(
      { command: [pathOf(program), ...args], environment, folder, input: `${jsonLine(event)}\n` },
      { clock, programs, signal },
    );
    const end = await during(context.settings, running, clock);
    // Its exit code answers our SIGTERM and not the event: many a program ends with 0 when it is told to, whatever it has done by then.
    if (signal.aborted) return failed('stopped', 'it was ended before it was done');
    if (end.kind === 'not_started') return notStarted(end.code, context);
    return outcomeOf(end);
  },
  connect: (context) => flawOfPlaces(context),
  async close(given) {
    const still = running.get(given);
    if (still === undefined) return;
    const over = Promise.withResolvers<void>();
    const timer = still.clock.after(2 * GRACE_MS, () => over.resolve());
    await Promise.race([Promise.allSettled(still.runs), over.promise]);
    timer.cancel();
  },
});

/** By the settings, which are one object for as long as a sink is what it is: so that we do not end before what we end. */
const running = new WeakMap<object, { readonly runs: Set<Promise<unknown>>; readonly clock: Clock }>();

async function during<Result>(key: object, work: Promise<Result>, clock: Clock): Promise<Result> {
  const known = running.get(key) ?? { runs: new Set(), clock };
  running.set(key, known);
  known.runs.add(work);
  try {
    return await work;
  } finally {
    known.runs.delete(work);
  }
}

/** Relative to our own working directory, not to that of the program. */
function pathOf(program: string): string {
  return program.includes('/') ? resolve(program) : program;
}

function variablesOf(event: NotifierEvent, { name, settings: { env } }: Context): Record<string, string> {
  const uuid = isRecordingEvent(event) ? event.data.recording.uuid : undefined;
  return {
    ...env,
    [`${OURS}SINK`]: name,
    [`${OURS}ID`]: event.id,
    [`${OURS}TYPE`]: event.type,
    // A platform may write into it what no variable can hold; the event on the standard input has it as it is.
    ...(uuid !== undefined && !uuid.includes('\0') && { [`${OURS}UUID`]: uuid }),
  };
}

/** What exit codes mean. @see sysexits(3), and for 126 and 127 the shells */
const BY_CODE: Readonly<Record<number, readonly [reason: FailureReason, words: string]>> = {
  65: ['rejected_by_receiver', 'it does not want this event (EX_DATAERR)'],
  75: ['program_failed', 'it may work later (EX_TEMPFAIL)'],
  78: ['program_unusable', 'something of its configuration is wrong (EX_CONFIG)'],
  126: ['program_unusable', 'something that it starts may not be executed'],
  127: ['program_unusable', 'something that it starts is not there'],
};

function outcomeOf(end: Exclude<Ended, { kind: 'not_started' }>): Outcome {
  if (end.kind === 'signalled') return failed('program_failed', `it ended by ${end.signal}`);
  if (end.code === 0) return { kind: 'delivered', receipt: 'exit code 0' };
  const [reason, words] = BY_CODE[end.code] ?? ['program_failed', undefined];
  return failed(reason, `exit code ${end.code}${words === undefined ? '' : `: ${words}`}`);
}

/** The system is out of something, and may have it later. */
const PASSING: readonly string[] = ['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM', 'ETXTBSY'];

async function notStarted(code: string, context: Context): Promise<Failed> {
  if (PASSING.includes(code)) return failed('program_failed', `it could not be started (${code})`);
  const flaw = await flawOfPlaces(context);
  return failed(
    'program_unusable',
    flaw ??
      `${shown(context)} cannot be started; has it a first line such as #!/bin/sh, of a program that is there? (${code})`,
  );
}

/** What keeps the program from being started, as far as that can be seen, in words. */
async function flawOfPlaces(context: Context): Promise<string | undefined> {
  const { command, cwd, env } = context.settings;
  const folder = cwd === undefined ? undefined : await stat(resolve(cwd)).catch(() => undefined);
  if (cwd !== undefined && folder?.isDirectory() !== true)
    return `${oneLine(cwd, NAME_CHARACTERS_MAX)}: there is no such folder for it to work in`;
  const [program = ''] = command;
  const path = env['PATH'] ?? context.programs?.environment['PATH'] ?? '';
  const places = program.includes('/')
    ? [resolve(program)]
    : path.split(delimiter).map((each) => join(resolve(each), program));
  const found = await Promise.all(places.map(lookAt));
  if (found.includes('program')) return undefined;
  if (found.includes('no program')) return `${shown(context)} may not be executed; try chmod +x`;
  return `${shown(context)} is not there${program.includes('/') ? '' : ', in no folder of PATH'}`;
}

async function lookAt(place: string): Promise<'program' | 'no program' | undefined> {
  const found = await stat(place).catch(() => undefined);
  if (found === undefined) return undefined;
  const isExecutable = await access(place, constants.X_OK).then(
    () => true,
    () => false,
  );
  return found.isFile() && isExecutable ? 'program' : 'no program';
}

function shown({ settings: { command } }: Context): string {
  return oneLine(command[0] ?? '', NAME_CHARACTERS_MAX);
}

function failed(reason: FailureReason, detail: string): Failed {
  return { kind: 'failed', reason, detail };
}
