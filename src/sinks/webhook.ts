import { z } from 'zod';
import { httpUrl, secret } from '../settings.js';
import { defineSink } from './define.js';

const settings = z.strictObject({
  url: httpUrl().describe('Where to POST.'),
  secret: z
    .union([secret(), z.array(secret()).min(1).max(10)])
    .optional()
    .describe('whsec_… signing key, or a list while rotating: signed with each. Without one nothing is signed.'),
  format: z.enum(['standard']).default('standard').describe('Standard Webhooks 1.0.'),
  headers: z
    .record(z.string(), z.string())
    .default({})
    .describe('Extra request headers; not webhook-*, content-type, host.'),
});

export const webhook = defineSink({
  type: 'webhook',
  summary: 'POSTs each event to an HTTP endpoint, signed by Standard Webhooks.',
  settings,
  example: 'url: https://example.com/hooks/recordings\nsecret: ${WEBHOOK_SECRET}\n',
  concurrency: 8,
  async deliver() {
    throw new Error('not written yet');
  },
});
