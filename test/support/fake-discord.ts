import { z } from 'zod';
import type { ReceivedMessage, ReceiverAnswer } from '../../src/fake/receiver.js';
import { json } from './service-place.js';

export const WEBHOOK = '/api/webhooks/223704706495545344/hook-token';

const embed = z.strictObject({
  title: z.string().min(1).max(256),
  description: z.string().min(1).max(4_096).optional(),
  color: z.int().min(0).max(0xffffff),
  fields: z
    .array(
      z.strictObject({ name: z.string().min(1).max(256), value: z.string().min(1).max(1_024), inline: z.boolean() }),
    )
    .max(25),
  footer: z.strictObject({ text: z.string().min(1).max(2_048) }),
});

const message = z
  .strictObject({
    allowed_mentions: z.strictObject({ parse: z.array(z.never()) }),
    content: z.string().min(1).max(2_000).optional(),
    embeds: z.array(embed).min(1).max(10).optional(),
    flags: z.int().optional(),
  })
  .refine(({ content, embeds }) => content !== undefined || embeds !== undefined)
  .refine(({ embeds = [] }) => embeds.reduce((sum, each) => sum + charactersOf(each), 0) <= 6_000);

function charactersOf({ title, description = '', fields, footer }: z.output<typeof embed>): number {
  const texts = [title, description, footer.text, ...fields.flatMap(({ name, value }) => [name, value])];
  return texts.join('').length;
}

/**
 * A webhook of Discord, as strict as it is documented: what we send, and nothing else.
 *
 * @see https://discord.com/developers/docs/resources/webhook#execute-webhook
 * @see https://discord.com/developers/docs/resources/message#embed-object-embed-limits
 */
export function fakeDiscord({ method, path, headers, json: body }: ReceivedMessage): ReceiverAnswer {
  const { pathname, searchParams } = new URL(path, 'http://localhost');
  if (pathname !== WEBHOOK) return json(404, { message: 'Unknown Webhook', code: 10015 });
  if (method === 'GET') return json(200, { type: 1, id: '223704706495545344', token: 'hook-token', name: 'test' });
  if (headers['content-type'] !== 'application/json') return json(400, { message: 'Empty message', code: 50006 });
  if (body === undefined) return json(400, { message: 'The request body contains invalid JSON.', code: 50109 });
  if (discordProblem(body) !== undefined) return json(400, { code: 50035, message: 'Invalid Form Body', errors: {} });
  return searchParams.get('wait') === 'true' ? json(200, { id: '1', type: 0, ...(body as object) }) : { status: 204 };
}

export function discordProblem(body: unknown): string | undefined {
  return message.safeParse(body).error?.message;
}
