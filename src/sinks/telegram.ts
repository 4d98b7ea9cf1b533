import { z } from 'zod';
import type { FailureReason } from '../core/failure.js';
import { httpUrl, integer, issueOf, scalar, secret } from '../settings.js';
import { defineSink } from './define.js';
import { ask, askTwice, isObject, objectOf, type Refusal, type Said, type Service, wrongOf } from './json-service.js';
import { plainTelegramMessage, telegramMessage } from './telegram-message.js';

/**
 * What the Bot API says after `Bad Request: ` or `Forbidden: ` where a chat is no place to send to, or the message is none. The words
 * are not documented, and therefore those of the open source of the server.
 *
 * @see https://github.com/tdlib/telegram-bot-api/blob/master/telegram-bot-api/Client.cpp
 */
const REASON_BY_WORDS: ReadonlyMap<string, FailureReason> = new Map(
  (
    [
      ['chat not found', 'destination_refused'],
      ['user not found', 'destination_refused'],
      ['PEER_ID_INVALID', 'destination_refused'],
      ['CHAT_WRITE_FORBIDDEN', 'destination_refused'],
      ['CHAT_SEND_PLAIN_FORBIDDEN', 'destination_refused'],
      ['CHAT_RESTRICTED', 'destination_refused'],
      ['CHAT_ADMIN_REQUIRED', 'destination_refused'],
      ['message thread not found', 'destination_refused'],
      ['TOPIC_CLOSED', 'destination_refused'],
      ['TOPIC_DELETED', 'destination_refused'],
      ['not enough rights to send text messages to the chat', 'destination_refused'],
      ['need administrator rights in the channel chat', 'destination_refused'],
      ['group chat was upgraded to a supergroup chat', 'destination_refused'],
      ['bot was blocked by the user', 'destination_refused'],
      ['bot was kicked from the group chat', 'destination_refused'],
      ['bot was kicked from the supergroup chat', 'destination_refused'],
      ['bot was kicked from the channel chat', 'destination_refused'],
      ['bot is not a member of the supergroup chat', 'destination_refused'],
      ['bot is not a member of the channel chat', 'destination_refused'],
      ["bot can't initiate conversation with a user", 'destination_refused'],
      ["bot can't send messages to bots", 'destination_refused'],
      ['the group chat was deleted', 'destination_refused'],
      ['user is deactivated', 'destination_refused'],
      ['message is too long', 'rejected_by_receiver'],
      ['message text is empty', 'rejected_by_receiver'],
    ] as const
  ).map(([words, reason]) => [words.toLowerCase(), reason]),
);

/** `can't parse entities: Unsupported start tag "…" at byte offset 7`. */
const UNPARSABLE = "can't parse entities";

/** A wrong token is a 401 when it looks like one, and a 404 when it does not. */
const BAD_TOKEN: Refusal = { reason: 'destination_refused', words: 'the bot token is not valid' };

/** @see https://core.telegram.org/bots/api#making-requests */
const TELEGRAM: Service = {
  name: 'Telegram',
  isYes: (answer) => isObject(answer, ({ ok }) => ok === true),
  refusalOf(status, said) {
    if (said['ok'] !== false) return undefined;
    if (status === 401 || status === 404) return BAD_TOKEN;
    return movedTo(said) ?? refusalByWords(status, said);
  },
  retryAfterOf: (said) => objectOf(said['parameters'])?.['retry_after'],
};

/** @see https://core.telegram.org/bots/api#responseparameters */
function movedTo(said: Said): Refusal | undefined {
  const chatId = objectOf(said['parameters'])?.['migrate_to_chat_id'];
  if (!Number.isSafeInteger(chatId)) return undefined;
  return { reason: 'destination_refused', words: `the group became a supergroup: write chatId: ${chatId}` };
}

function refusalByWords(status: number, { description }: Said): Refusal | undefined {
  const words = typeof description === 'string' ? description.replace(/^(?:Bad Request|Forbidden): /, '') : '';
  const reason = REASON_BY_WORDS.get(words.toLowerCase());
  if (reason !== undefined) return { reason, words };
  if (words.startsWith(UNPARSABLE)) return { reason: 'rejected_by_receiver', words: UNPARSABLE };
  return status === 403 ? { reason: 'destination_refused', words: 'the bot may not write there' } : undefined;
}

const CHAT_HINT = 'write a number such as -1001234567890, or @channel';

/** As text: the API takes both, and a number of 64 bits would lose its last digits. */
const chatId = scalar({ want: 'the id of a chat', form: { type: ['integer', 'string'] } }, (text) =>
  /^(?:-?[1-9]\d{0,18}|@[A-Za-z]\w{3,31})$/.test(text)
    ? { value: text }
    : { problem: 'is not the id of a chat', hint: CHAT_HINT },
);

const botToken = secret().superRefine((text, context) => {
  if (/^\d{1,20}:[\w-]{1,100}$/.test(text)) return;
  context.addIssue(issueOf({ problem: 'is not a bot token', hint: 'write what BotFather gave you, digits:letters' }));
});

export const telegram = defineSink({
  type: 'telegram',
  summary: 'Sends each event to a Telegram chat, as a bot.',
  settings: z.strictObject({
    token: botToken.describe('Of the bot, from @BotFather.'),
    chatId: chatId.describe('A number, negative for groups and channels, or @channel. The bot has to be a member.'),
    threadId: integer(2, 2_147_483_647)
      .optional()
      .meta({ example: 7 })
      .describe('Topic of a forum; leave it out for General.'),
    baseUrl: httpUrl().prefault('https://api.telegram.org').describe('Of a Bot API server of your own.'),
  }),
  example: 'token: ${TELEGRAM_TOKEN}\nchatId: -1001234567890\n',
  concurrency: 1,
  rate: '20/m',
  deliver(event, context) {
    const { settings } = context;
    const url = methodUrl(settings, 'sendMessage');
    const chat = {
      chat_id: settings.chatId,
      ...(settings.threadId !== undefined && { message_thread_id: settings.threadId }),
    };
    return askTwice(
      context,
      (body, timeoutMs) => ask(TELEGRAM, { url, body, timeoutMs }, context),
      { ...chat, ...telegramMessage(event, context.timezone) },
      () => ({ ...chat, ...plainTelegramMessage(event, context.timezone) }),
    );
  },
  async connect(context) {
    const { settings, timeoutMs } = context;
    const url = `${methodUrl(settings, 'getChat')}?chat_id=${encodeURIComponent(settings.chatId)}`;
    return wrongOf(await ask(TELEGRAM, { url, timeoutMs }, context));
  },
});

interface Bot {
  readonly token: string;
  readonly baseUrl: string;
}

/** The token is in the path, where neither the log nor an outcome ever looks. */
function methodUrl({ token, baseUrl }: Bot, method: string): string {
  const url = new URL(baseUrl);
  url.search = '';
  url.pathname = `${url.pathname.replace(/\/$/, '')}/bot${token}/${method}`;
  return url.href;
}
