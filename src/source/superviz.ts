import { z } from 'zod';
import { duration, httpUrl, integer, secret } from '../settings.js';
import { defineSource } from './define.js';

const settings = z.strictObject({
  baseUrl: httpUrl().default('https://api.superviz.com').describe('Where the API is; `/recording` is appended.'),
  auth: z
    .union([
      z.strictObject({ clientId: secret(), secret: secret() }),
      z.strictObject({ token: secret(), apiKey: secret() }),
    ])
    .describe('`clientId` and `secret` for api.superviz.com, `token` and `apiKey` for nodeapi.superviz.com.'),
  roomId: z.string().min(1).optional().describe('Only the recordings made in this room.'),
  meetingId: z.string().min(1).optional().describe('Only the recordings of this meeting.'),
  timeout: duration({ minMs: 100, maxMs: 600_000 }).prefault('30s').describe('For one request, its body included.'),
  paging: z
    .strictObject({
      pageParam: z.string().min(1).default('page').describe('Query parameter with the number of the page, from 1.'),
      sizeParam: z.string().min(1).default('take').describe('Query parameter with the rows a page.'),
      size: integer(1, 1_000).prefault(100).describe('Rows asked for in a page; the server may give fewer.'),
      maxPages: integer(1, 1_000_000).prefault(10_000).describe('A longer list ends a poll as incomplete.'),
    })
    .prefault({})
    .describe('How the list is paged.'),
});

export const superviz = defineSource({
  type: 'superviz',
  summary: 'Polls GET /recording of SuperViz.',
  settings,
  example: 'auth:\n  clientId: ${SUPERVIZ_CLIENT_ID}\n  secret: ${SUPERVIZ_SECRET}\n',
  open() {
    throw new Error('not written yet');
  },
});
