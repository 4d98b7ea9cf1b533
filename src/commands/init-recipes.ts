import { SINK_TYPES } from '../sinks/registry.js';

/** What `init` asks: a table of questions for the source, one for each type of sink that it knows how to ask about, and one for the store. */

export interface Question {
  /** The option of the command line that answers it, without `--`; the key of its answer too. */
  readonly flag: string;
  readonly ask: string;
  /** Where the answer goes, below the source, sink or store. */
  readonly path: readonly string[];
  /** The answer belongs to the machine: it goes into `.env` under this name, and is taken from the environment too. */
  readonly variable?: string;
  /** An answer like this is nobody's secret and the same everywhere: it stands in the YAML in spite of `variable`. */
  readonly plain?: RegExp;
  /** Nothing is shown of it while it is typed. */
  readonly isSecret?: true;
  readonly fallback?: string;
  /** Nothing need be answered: one is made. */
  readonly isMade?: true;
  readonly choices?: readonly { readonly value: string; readonly label: string }[];
  /** Written as a list, from a text with commas. */
  readonly isList?: true;
  /** Beside the key in the YAML, for its reader. */
  readonly comment?: string;
}

/** A source, sink or store, before it is answered. */
export interface Recipe {
  readonly section: 'sources' | 'sinks' | 'store';
  /** In the config. Empty for the store, which is the section itself. */
  readonly name: string;
  /** Undefined: the default type. */
  readonly type?: string;
  /** To choose it by. */
  readonly label: string;
  /** Above the entry in the YAML. */
  readonly comment: string;
  /** People read it, so it may as well tell them of trouble of the notifier's own. */
  readonly suitsOperators?: true;
  readonly questions: readonly Question[];
}

const BASE_URL = { flag: 'base-url', ask: 'Base URL of the API', path: ['baseUrl'] } as const;
const SOURCE = { section: 'sources', name: 'production', comment: ' Renaming a source makes a new one.' } as const;

/** The two generations of credentials. */
export const SOURCE_RECIPES: readonly [Recipe, Recipe] = [
  {
    ...SOURCE,
    label: 'a client id and a secret (api.superviz.com)',
    questions: [
      { flag: 'client-id', ask: 'Client id', path: ['auth', 'clientId'], variable: 'SUPERVIZ_CLIENT_ID' },
      { flag: 'secret', ask: 'Secret', path: ['auth', 'secret'], variable: 'SUPERVIZ_SECRET', isSecret: true },
      { ...BASE_URL, fallback: 'https://api.superviz.com' },
    ],
  },
  {
    ...SOURCE,
    label: 'a token and an API key (nodeapi.superviz.com)',
    questions: [
      { flag: 'token', ask: 'Token', path: ['auth', 'token'], variable: 'SUPERVIZ_TOKEN', isSecret: true },
      { flag: 'api-key', ask: 'API key', path: ['auth', 'apiKey'], variable: 'SUPERVIZ_API_KEY', isSecret: true },
      { ...BASE_URL, fallback: 'https://nodeapi.superviz.com' },
    ],
  },
];

/** Asked once the credentials work. */
export const POLLING_QUESTIONS: readonly Question[] = [
  {
    flag: 'schedule',
    ask: 'When to poll (cron, five or six fields)',
    path: ['schedule'],
    fallback: '*/30 * * * * *',
    comment: ' cron, the first of six fields being seconds',
  },
  {
    flag: 'first-poll',
    ask: 'What of the recordings that are there already?',
    path: ['firstPoll'],
    fallback: 'remember',
    choices: [
      { value: 'remember', label: 'remember them, announce only what comes' },
      { value: 'announce', label: 'announce all that are available' },
    ],
    comment: ' what was there before: remember it, or announce it',
  },
];

const KNOWN_SINKS: readonly (Recipe & { readonly type: string })[] = [
  {
    section: 'sinks',
    name: 'team-slack',
    type: 'slack',
    label: 'a Slack channel',
    comment: ' An incoming webhook of Slack. Whoever knows its URL can post.',
    suitsOperators: true,
    questions: [
      {
        flag: 'slack-url',
        ask: 'URL of the incoming webhook',
        path: ['url'],
        variable: 'SLACK_WEBHOOK_URL',
        isSecret: true,
      },
    ],
  },
  {
    section: 'sinks',
    name: 'team-discord',
    type: 'discord',
    label: 'a Discord channel',
    comment: ' A webhook of Discord. Whoever knows its URL can post.',
    suitsOperators: true,
    questions: [
      {
        flag: 'discord-url',
        ask: 'URL of the webhook',
        path: ['url'],
        variable: 'DISCORD_WEBHOOK_URL',
        isSecret: true,
      },
    ],
  },
  {
    section: 'sinks',
    name: 'team-teams',
    type: 'teams',
    label: 'a Teams channel',
    comment: ' A workflow of Teams that posts what a webhook brings. Whoever knows its URL can post.',
    suitsOperators: true,
    questions: [
      {
        flag: 'teams-url',
        ask: 'URL of the workflow “Send webhook alerts to a channel”',
        path: ['url'],
        variable: 'TEAMS_WORKFLOW_URL',
        isSecret: true,
      },
    ],
  },
  {
    section: 'sinks',
    name: 'team-telegram',
    type: 'telegram',
    label: 'a Telegram chat',
    comment: ' A bot of Telegram, which has to be a member of the chat.',
    suitsOperators: true,
    questions: [
      {
        flag: 'telegram-token',
        ask: 'Token of the bot, from @BotFather',
        path: ['token'],
        variable: 'TELEGRAM_TOKEN',
        isSecret: true,
      },
      { flag: 'telegram-chat', ask: 'Chat, such as -1001234567890 or @channel', path: ['chatId'] },
    ],
  },
  {
    section: 'sinks',
    name: 'phones',
    type: 'ntfy',
    label: 'phones, through ntfy',
    comment: ' A topic of ntfy. Whoever knows its name can read and write it, unless the server has logins.',
    suitsOperators: true,
    questions: [
      { flag: 'ntfy-topic', ask: 'Topic, hard to guess', path: ['topic'], variable: 'NTFY_TOPIC', isSecret: true },
      { flag: 'ntfy-url', ask: 'URL of the server', path: ['url'], fallback: 'https://ntfy.sh' },
    ],
  },
  {
    section: 'sinks',
    name: 'ops-mail',
    type: 'email',
    label: 'a mailbox',
    comment: ' Mail by SMTP.',
    suitsOperators: true,
    questions: [
      {
        flag: 'smtp',
        ask: 'SMTP server, smtp://user:password@host:587',
        path: ['smtp'],
        variable: 'SMTP_URL',
        isSecret: true,
      },
      { flag: 'mail-from', ask: 'From, such as Recordings <recordings@example.com>', path: ['from'] },
      { flag: 'mail-to', ask: 'To, several with commas between', path: ['to'], isList: true },
    ],
  },
  {
    section: 'sinks',
    name: 'pipeline',
    type: 'webhook',
    label: 'an HTTP endpoint of your own',
    comment: ' POSTs, signed by Standard Webhooks; the receiver verifies them with the same secret.',
    questions: [
      { flag: 'webhook-url', ask: 'URL of the endpoint', path: ['url'], variable: 'WEBHOOK_URL' },
      {
        flag: 'webhook-secret',
        ask: 'Signing secret, whsec_… or whsk_… (empty: a new one is made)',
        path: ['secret'],
        variable: 'WEBHOOK_SECRET',
        isSecret: true,
        isMade: true,
      },
    ],
  },
  {
    section: 'sinks',
    name: 'log',
    type: 'stdout',
    label: 'standard output',
    comment: ' One JSON line an event, to standard output.',
    questions: [],
  },
  {
    section: 'sinks',
    name: 'lines',
    type: 'file',
    label: 'a file of JSON lines',
    comment: ' One JSON line an event, at the end of a file.',
    questions: [{ flag: 'file-path', ask: 'Path of the file', path: ['path'], fallback: './recordings.jsonl' }],
  },
  {
    section: 'sinks',
    name: 'program',
    type: 'exec',
    label: 'a program of yours',
    comment: ' Runs it for each event, which it gets as JSON on its standard input; there is no shell.',
    questions: [
      {
        flag: 'exec-command',
        ask: 'Program and arguments, with commas between, such as ./notify.sh,recordings',
        path: ['command'],
        isList: true,
      },
    ],
  },
  {
    section: 'sinks',
    name: 'vault',
    type: 'archive',
    label: 'an archive of the recordings themselves',
    comment: ' Stores each new recording; for S3-compatible storage write s3://bucket/prefix.',
    questions: [{ flag: 'archive-to', ask: 'Folder, or s3://bucket/prefix', path: ['to'] }],
  },
];

export const STORE_DEFAULT = 'sqlite:state/notifier.sqlite';

export const STORE_RECIPE: Recipe = {
  section: 'store',
  name: '',
  label: 'the store',
  comment: ' What was seen, and what waits to be delivered.',
  questions: [
    {
      flag: 'store',
      ask: 'URL of the store, redis://host:6379/0 or postgres://user@host/db',
      path: [],
      variable: 'STORE_URL',
      plain: /^(?!\w+:\/\/)/,
      isSecret: true,
      fallback: STORE_DEFAULT,
    },
  ],
};

/** Of the types that this version has. */
export const SINK_RECIPES = KNOWN_SINKS.filter((recipe) => SINK_TYPES.some(({ type }) => type === recipe.type));

/** Where it is in the config. */
export function placeOf({ section, name }: Recipe): readonly string[] {
  return name === '' ? [section] : [section, name];
}

/** The name under which the answer goes into `.env`; undefined when it stands in the YAML. */
export function variableOf({ variable, plain }: Question, answer: string): string | undefined {
  return plain?.test(answer) ? undefined : variable;
}

/** What answers it without being asked. A secret is better off in the environment than among the arguments, which others can see. */
export function flagOf({ flag, variable }: Question): string {
  return variable === undefined ? `--${flag}` : `--${flag} (or ${variable} in the environment)`;
}

/** The option that chooses the sink: its first question, or, where there is none, its type. */
export function choosingFlag({ questions, type = '' }: Recipe): string {
  return questions[0]?.flag ?? type;
}
