import { z } from 'zod';
import type { ReceivedMessage, ReceiverAnswer } from '../../src/fake/receiver.js';
import { json } from './service-place.js';

export const TOPIC = 'recordings-7bQx';
export const ACCESS_TOKEN = 'tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2';
export const LOGIN = { user: 'phil', password: 'my"pässword' } as const;

const MESSAGE_BYTES_MAX = 4_096;
const text = (bytesMax: number) => z.string().refine((value) => Buffer.byteLength(value) <= bytesMax);

const message = z.strictObject({
  topic: z.string().regex(/^[-_A-Za-z0-9]{1,64}$/),
  message: text(MESSAGE_BYTES_MAX).min(1),
  title: text(1_024).optional(),
  priority: z.int().min(1).max(5).optional(),
  tags: z
    .array(z.string().regex(/^[^,]+$/))
    .refine((tags) => Buffer.byteLength(tags.join(',')) <= 512)
    .optional(),
  click: z.url().optional(),
  actions: z
    .array(z.strictObject({ action: z.literal('view'), label: z.string().min(1), url: z.url() }))
    .max(3)
    .optional(),
});

const LOGINS: ReadonlySet<string> = new Set([
  `Bearer ${ACCESS_TOKEN}`,
  `Basic ${Buffer.from(`${LOGIN.user}:${LOGIN.password}`).toString('base64')}`,
]);

/**
 * A server of ntfy with default limits that nobody may publish to without a login; as strict as it is documented.
 *
 * @see https://docs.ntfy.sh/publish/#limitations
 * @see https://github.com/binwiederhier/ntfy/blob/main/server/errors.go
 */
export function fakeNtfy({ method, path, headers, body, json: sent }: ReceivedMessage): ReceiverAnswer {
  const login = headers['authorization'];
  if (login !== undefined && !LOGINS.has(login)) return no(40101, 'unauthorized');
  if (method === 'GET') return path === '/v1/health' ? json(200, { healthy: true }) : no(40401, 'page not found');
  if (path !== '/') return no(40401, 'page not found');
  if (Buffer.byteLength(body) > 2 * MESSAGE_BYTES_MAX) return no(41303, 'JSON body too large');
  if (ntfyProblem(sent) !== undefined) return no(40017, 'invalid request: request body must be message JSON');
  if (login === undefined) return no(40301, 'forbidden');
  return json(200, { id: 'sPs71M8A2T', time: 1_643_935_928, event: 'message', ...(sent as object) });
}

function no(code: number, error: string): ReceiverAnswer {
  const status = Math.floor(code / 100);
  return json(status, { code, http: status, error, link: 'https://ntfy.sh/docs/' });
}

export function ntfyProblem(body: unknown): string | undefined {
  if (Buffer.byteLength(JSON.stringify(body)) > 2 * MESSAGE_BYTES_MAX) return 'too long';
  return message.safeParse(body).error?.message;
}
