import { z } from 'zod';
import type { ReceivedMessage, ReceiverAnswer } from '../../src/fake/receiver.js';
import { json } from './service-place.js';

const PATH = '/workflows/7e2c2dc8/triggers/manual/paths/invoke';
export const FLOW = `${PATH}?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=flow-signature`;

const run = z.strictObject({
  type: z.literal('TextRun'),
  text: z.string().min(1),
  size: z.enum(['Small', 'Large']).optional(),
  weight: z.literal('Bolder').optional(),
  color: z.enum(['Attention', 'Warning', 'Good']).optional(),
  isSubtle: z.boolean().optional(),
});

const block = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('RichTextBlock'),
    spacing: z.literal('Small').optional(),
    inlines: z.array(run).min(1),
  }),
  z.strictObject({
    type: z.literal('TextBlock'),
    text: z.string().min(1),
    wrap: z.boolean(),
    spacing: z.literal('Small'),
  }),
]);

const card = z.strictObject({
  $schema: z.literal('http://adaptivecards.io/schemas/adaptive-card.json'),
  type: z.literal('AdaptiveCard'),
  version: z.literal('1.4'),
  fallbackText: z.string().min(1),
  body: z.array(block).min(1),
  actions: z
    .array(z.strictObject({ type: z.literal('Action.OpenUrl'), title: z.string().min(1), url: z.url() }))
    .min(1)
    .max(6)
    .optional(),
});

const message = z.strictObject({
  type: z.literal('message'),
  attachments: z.tuple([
    z.strictObject({
      contentType: z.literal('application/vnd.microsoft.card.adaptive'),
      contentUrl: z.null(),
      content: card,
    }),
  ]),
});

/** Of 28 KB, in an encoding that takes two bytes for each. */
const CHARACTERS_MAX = 14_000;

/**
 * A workflow that posts what it is sent, by what is documented of its trigger and of cards; the real one answers before it looks at
 * the card, this one looks first.
 *
 * @see https://learn.microsoft.com/en-us/azure/connectors/connectors-native-reqres
 * @see https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
 */
export function fakeTeams({ path, headers, json: body }: ReceivedMessage): ReceiverAnswer {
  const { pathname, searchParams } = new URL(path, 'http://localhost');
  if (pathname !== PATH) return no(404, 'WorkflowNotFound');
  if (!searchParams.has('sig')) return no(401, 'DirectApiAuthorizationRequired');
  if (searchParams.get('sig') !== 'flow-signature') return no(401, 'DirectApiInvalidAuthorizationSignature');
  if (headers['content-type'] !== 'application/json') return no(400, 'InvalidRequestContent');
  return teamsProblem(body) === undefined ? { status: 202 } : no(400, 'TriggerInputSchemaMismatch');
}

function no(status: number, code: string): ReceiverAnswer {
  return json(status, { error: { code, message: 'It could not be triggered.' } });
}

export function teamsProblem(body: unknown): string | undefined {
  if (JSON.stringify(body).length > CHARACTERS_MAX) return 'too long';
  return message.safeParse(body).error?.message;
}
