import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { type FakeApi, type FakeApiOptions, startFakeApi } from '../../src/fake/api.js';
import { type ReceivedMessage, type Receiver, type ReceiverOptions, startReceiver } from '../../src/fake/receiver.js';
import { systemClock } from '../../src/system.js';
import { type Ended, type LogLine, type Program, startProgram } from './child-program.js';
import { createCondition } from './condition.js';
import { temporaryFolder } from './temporary-folder.js';

export const CLIENT_SECRET = 'client-secret-6b1d';
export const SIGNING_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const PATH_TOKEN = 'path-token-93ac';
const QUERY_TOKEN = 'query-token-51fe';
const HEADER_TOKEN = 'header-token-c07d';

/** What no program may print: the secrets of the configs, and anything of a presigned URL's query. */
const UNPRINTABLE = [
  CLIENT_SECRET,
  SIGNING_SECRET.slice('whsec_'.length),
  PATH_TOKEN,
  QUERY_TOKEN,
  HEADER_TOKEN,
  'Signature=',
  'Expires=',
  'AWSAccessKeyId',
];

/** A receiver that also knows what it has said yes to. */
export interface StagedReceiver extends Receiver {
  /** Ids of the messages that it answered with 2xx, in their order. */
  readonly accepted: readonly string[];
}

export interface StartOptions {
  readonly config?: unknown;
  readonly env?: Readonly<Record<string, string>>;
  /** Its stdout is for URLs, as that of the `stdout` sink is. */
  readonly printsUrls?: true;
}

/** The platform, the receivers and the program, each a real one over real sockets. All of it ends with its test, whatever became of that. */
export interface Stage {
  readonly folder: string;
  api(options?: Partial<FakeApiOptions>): Promise<FakeApi>;
  receiver(options?: Partial<ReceiverOptions>): Promise<StagedReceiver>;
  /** Writes a config; as an object, which is YAML too, or as it stands in a file. */
  configure(config: unknown, file?: string): void;
  start(args: readonly string[], options?: StartOptions): Promise<Program>;
  /** One command line in this process; it must end by itself. */
  run(args: readonly string[], options?: StartOptions): Promise<Ended>;
  until(what: string, holds: () => boolean): Promise<void>;
  /** Something has happened beside all of these that may be what is waited for. */
  check(): void;
  /** The first line of the program's log with this message that fits. */
  untilLog(program: Program, message: string | RegExp, fits?: (line: LogLine) => boolean): Promise<LogLine>;
}

/** A stage for each test, or for the whole file: `createStage(afterAll)`. */
export function createStage(hook: (end: () => Promise<void>) => void = afterEach): Stage {
  let folder: string | undefined;
  let programs: Program[] = [];
  let printed: (Printed & { readonly printsUrls: boolean })[] = [];
  let servers: { close(): Promise<void> }[] = [];
  let receivers: StagedReceiver[] = [];
  const condition = createCondition(() => programs.map(transcriptOf).join('\n'));

  hook(async () => {
    const [started, said, open, called] = [programs, printed, servers, receivers];
    [folder, programs, printed, servers, receivers] = [undefined, [], [], [], []];
    for (const program of started) program.kill('SIGKILL');
    await Promise.all(started.map(({ ended }) => ended));
    await Promise.all(open.map((server) => server.close()));
    expect(said.flatMap(({ printsUrls, ...what }) => leaksOf(what, printsUrls))).toEqual([]);
    for (const receiver of called) verifyAll(receiver);
  });

  async function api(options: Partial<FakeApiOptions> = {}): Promise<FakeApi> {
    const credentials = { clientId: 'client', secret: CLIENT_SECRET };
    const onRequest = (...args: Parameters<NonNullable<FakeApiOptions['onRequest']>>) => {
      options.onRequest?.(...args);
      condition.check();
    };
    const started = await startFakeApi({ clock: systemClock, credentials, ...options, onRequest });
    servers.push(started);
    return started;
  }

  async function receiver(options: Partial<ReceiverOptions> = {}): Promise<StagedReceiver> {
    const accepted: string[] = [];
    const respond = options.respond ?? (() => ({ status: 204 }));
    const started = await startReceiver({
      clock: systemClock,
      ...options,
      respond: async (message) => {
        condition.check();
        const answer = await respond(message);
        if (answer.status < 300) accepted.push(message.id);
        condition.check();
        return answer;
      },
    });
    servers.push(started);
    const staged = { ...started, accepted };
    receivers.push(staged);
    return staged;
  }

  function configure(config: unknown, file = 'config/notifier.yaml'): void {
    const path = join(home(), file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof config === 'string' ? config : JSON.stringify(withoutServer(config)));
  }

  async function start(args: readonly string[], options: StartOptions = {}): Promise<Program> {
    const { config, env = {}, printsUrls = false } = options;
    if (config !== undefined) configure(config);
    const program = await startProgram({ args, cwd: home(), env, onChange: condition.check });
    const { stdout, stderr } = program;
    programs.push(program);
    printed.push({ args, stdout, stderr, printsUrls });
    return program;
  }

  async function run(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
    const { config, env = {}, printsUrls = false } = options;
    if (config !== undefined) configure(config);
    const { runHere } = await import('./run-here.js');
    const ended = await runHere({ args, cwd: home(), env });
    printed.push({ args, ...ended, printsUrls });
    return ended;
  }

  async function untilLog(program: Program, message: string | RegExp, fits = (_: LogLine) => true): Promise<LogLine> {
    const find = () => program.log.find((line) => isMatch(line.msg, message) && fits(line));
    await condition.until(`the log says "${message}"`, () => find() !== undefined || !program.isRunning);
    const found = find();
    if (found === undefined) throw new Error(`it ended before its log said "${message}"\n${transcriptOf(program)}`);
    return found;
  }

  function home(): string {
    folder ??= temporaryFolder();
    return folder;
  }

  return {
    get folder() {
      return home();
    },
    api,
    receiver,
    configure,
    start,
    run,
    until: condition.until,
    check: condition.check,
    untilLog,
  };
}

/** Tests run side by side, and the default port is one. */
function withoutServer(config: unknown): unknown {
  return typeof config === 'object' && config !== null ? { server: { listen: 'off' }, ...config } : config;
}

/** A source that is polled every second. */
export function sourceOf(api: FakeApi, more: object = {}): object {
  return { baseUrl: api.url, auth: { clientId: 'client', secret: CLIENT_SECRET }, schedule: '* * * * * *', ...more };
}

/** A webhook with a credential in every place that has room for one. */
export function webhookTo(receiver: Receiver, more: object = {}): object {
  return {
    type: 'webhook',
    url: `${receiver.url}in/${PATH_TOKEN}?key=${QUERY_TOKEN}`,
    secret: SIGNING_SECRET,
    headers: { 'x-gate': HEADER_TOKEN },
    ...more,
  };
}

/** The package of the specification is the judge, not our own code. */
function verifyAll({ messages }: Receiver): void {
  const signed = messages.filter(({ headers }) => headers['webhook-signature'] !== undefined);
  for (const { body, headers } of signed) new Webhook(SIGNING_SECRET).verify(body, headers);
}

/** `recording.uuid` of a webhook's body. */
export function uuidOf({ json }: ReceivedMessage): string {
  return (json as { data: { recording: { uuid: string } } }).data.recording.uuid;
}

function isMatch(text: string, wanted: string | RegExp): boolean {
  return typeof wanted === 'string' ? text === wanted : wanted.test(text);
}

type Printed = Pick<Program, 'args' | 'stdout' | 'stderr'>;

/** Lines with something that no program may print. */
export function leaksOf({ args, stdout, stderr }: Printed, printsUrls = false): string[] {
  const lines = printsUrls ? stderr : [...stdout, ...stderr];
  return lines
    .filter((line) => UNPRINTABLE.some((secret) => line.includes(secret)))
    .map((line) => `${args.join(' ')} printed a secret: ${line}`);
}

function transcriptOf({ args, stdout, stderr, isRunning }: Program): string {
  return [`--- ${args.join(' ')}${isRunning ? '' : ' (has ended)'}`, ...stdout, ...stderr].join('\n');
}
