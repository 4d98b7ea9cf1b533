import { SINK_TYPES } from '../sinks/registry.js';

/** What `init` asks: a table of questions for the source, and one for each type of sink that it knows how to ask about. */

export interface Question {
  /** The option of the command line that answers it, without `--`; the key of its answer too. */
  readonly flag: string;
  readonly ask: string;
  /** Where the answer goes, below the source or sink. */
  readonly path: readonly string[];
  /** The answer is a secret: it goes into `.env` under this name, is taken from the environment too, and is hidden while it is typed. */
  readonly variable?: string;
  readonly fallback?: string;
  /** Nothing need be answered: one is made. */
  readonly isMade?: true;
  readonly choices?: readonly { readonly value: string; readonly label: string }[];
  /** Written as a list, from a text with commas. */
  readonly isList?: true;
  /** Beside the key in the YAML, for its reader. */
  readonly comment?: string;
}

/** A source or sink, before it is answered. */
export interface Recipe {
  readonly section: 'sources' | 'sinks';
  /** In the config. */
  readonly name: string;
  /** Undefined: the default type. */
  readonly type?: string;
  /** To choose it by. */
  readonly label: string;
  /** Above the entry in the YAML. */
  readonly comment: string;
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
      { flag: 'secret', ask: 'Secret', path: ['auth', 'secret'], variable: 'SUPERVIZ_SECRET' },
      { ...BASE_URL, fallback: 'https://api.superviz.com' },
    ],
  },
  {
    ...SOURCE,
    label: 'a token and an API key (nodeapi.superviz.com)',
    questions: [
      { flag: 'token', ask: 'Token', path: ['auth', 'token'], variable: 'SUPERVIZ_TOKEN' },
      { flag: 'api-key', ask: 'API key', path: ['auth', 'apiKey'], variable: 'SUPERVIZ_API_KEY' },
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
    questions: [
      { flag: 'slack-url', ask: 'URL of the incoming webhook', path: ['url'], variable: 'SLACK_WEBHOOK_URL' },
    ],
  },
  {
    section: 'sinks',
    name: 'ops-mail',
    type: 'email',
    label: 'a mailbox',
    comment: ' Mail by SMTP.',
    questions: [
      { flag: 'smtp', ask: 'SMTP server, smtp://user:password@host:587', path: ['smtp'], variable: 'SMTP_URL' },
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
        ask: 'Signing secret, whsec_… (empty: a new one is made)',
        path: ['secret'],
        variable: 'WEBHOOK_SECRET',
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
];

/** Of the types that this version has. */
export const SINK_RECIPES = KNOWN_SINKS.filter((recipe) => SINK_TYPES.some(({ type }) => type === recipe.type));

/** The option that chooses the sink: its first question, or, where there is none, its type. */
export function choosingFlag({ questions, type = '' }: Recipe): string {
  return questions[0]?.flag ?? type;
}
