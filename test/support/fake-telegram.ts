import { z } from 'zod';
import type { ReceivedMessage, ReceiverAnswer } from '../../src/fake/receiver.js';
import { json } from './service-place.js';

export const TOKEN = '110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw';
export const CHAT = '-1001234567890';

const message = z.strictObject({
  chat_id: z.union([z.string(), z.int()]),
  message_thread_id: z.int().optional(),
  text: z.string().min(1),
  parse_mode: z.literal('HTML').optional(),
  entities: z.array(z.strictObject({ type: z.literal('code'), offset: z.literal(0), length: z.int() })).optional(),
  link_preview_options: z.strictObject({ is_disabled: z.literal(true) }),
});

/**
 * The Bot API, as strict as it is documented with what we send.
 *
 * @see https://core.telegram.org/bots/api#sendmessage
 */
export function fakeTelegram({ path, headers, json: body }: ReceivedMessage): ReceiverAnswer {
  const { pathname, searchParams } = new URL(path, 'http://localhost');
  const [, bot, method] = pathname.split('/');
  if (bot !== `bot${TOKEN}`) return no(/^bot\d+:[\w-]{30,}$/.test(bot ?? '') ? 401 : 404);
  if (method === 'getChat') {
    const isThere = searchParams.get('chat_id') === CHAT;
    return isThere ? json(200, { ok: true, result: { id: Number(CHAT) } }) : no(400, 'Bad Request: chat not found');
  }
  if (headers['content-type'] !== 'application/json') return no(400, 'Bad Request: chat_id is empty');
  const { chat_id: chatId, message_thread_id: thread } = (body ?? {}) as Readonly<Record<string, unknown>>;
  if (String(chatId) !== CHAT) return no(400, 'Bad Request: chat not found');
  if (method !== 'sendMessage') return no(404);
  if (thread !== undefined && thread !== 7) return no(400, 'Bad Request: message thread not found');
  const problem = telegramProblem(body);
  return problem === undefined ? json(200, { ok: true, result: body }) : no(400, `Bad Request: ${problem}`);
}

function no(status: number, description = status === 401 ? 'Unauthorized' : 'Not Found'): ReceiverAnswer {
  return json(status, { ok: false, error_code: status, description });
}

export function telegramProblem(body: unknown): string | undefined {
  const parsed = message.safeParse(body);
  if (!parsed.success) return parsed.error.message;
  const { text, parse_mode: mode, entities = [] } = parsed.data;
  if (entities.some(({ length }) => length !== text.length)) return "can't parse entities";
  const visible = mode === 'HTML' ? visibleOf(text) : text;
  if (visible === undefined) return "can't parse entities: unsupported";
  return visible.length > 4_096 ? 'message is too long' : undefined;
}

const TAG = /<b>|<\/b>|<code>|<\/code>|<a href="https?:\/\/(?:[^"<>&]|&(?:lt|gt|amp|quot|#\d+);)*">|<\/a>/g;

/** Undefined where a tag is not known or not closed, or where something is left unescaped. */
function visibleOf(text: string): string | undefined {
  let open: string | undefined;
  for (const [tag] of text.matchAll(TAG)) {
    const name = /\w+/.exec(tag)?.[0];
    if (tag.startsWith('</') ? open !== name : open !== undefined) return undefined;
    open = tag.startsWith('</') ? undefined : name;
  }
  const left = text.replaceAll(TAG, '');
  if (open !== undefined || /[<>]|&(?!(?:lt|gt|amp|quot|#\d+);)/.test(left)) return undefined;
  return left.replaceAll(/&[^;]*;/g, '.');
}
