import { z } from 'zod';
import { duration, integer, plainHttpUrl, secret } from '../settings.js';
import { authSettings, requestHeaders } from './credentials.js';
import { expression } from './expression.js';

/** What a config says of a list of recordings in JSON. */

const PARAMS_MAX = 50;
const STATUSES_MAX = 50;

/** Today in UTC, or a day before it: `{today}`, `{today-29d}`. */
export const DAY = /^\{today(?:-(\d{1,4})d)?\}$/;

function linkUrl() {
  return plainHttpUrl().refine((text) => text.includes('{uuid}'), {
    message: 'has no {uuid}; write it where the uuid goes',
  });
}

const scalar = z.union([secret(), z.number(), z.boolean()]);

/** Their values may be keys of an API, so they are shown nowhere. */
function queryParams() {
  return z
    .record(z.string().min(1), scalar)
    .refine((params) => Object.keys(params).length <= PARAMS_MAX, { message: `has more than ${PARAMS_MAX} keys` });
}

const param = () => z.string().min(1).max(200);
const sizes = {
  sizeParam: param()
    .optional()
    .meta({ example: 'limit' })
    .describe('Parameter with the rows a page; none is sent without it.'),
  size: integer(1, 10_000).prefault(100).describe('Rows asked for in a page; the platform may give fewer.'),
};
const maxPages = integer(1, 1_000_000).prefault(10_000).describe('A longer list ends a poll as incomplete.');

const paging = z
  .union([
    z.strictObject({ type: z.literal('none') }),
    z.strictObject({
      type: z.literal('page'),
      param: param().default('page').describe('Parameter with the number of the page.'),
      first: integer(0, 1).prefault(1).describe('The number of the first page.'),
      pages: expression().optional().meta({ example: 'meta.total_pages' }).describe('How many pages there are.'),
      ...sizes,
      maxPages,
    }),
    z.strictObject({
      type: z.literal('offset'),
      param: param().default('offset').describe('Parameter with the rows to leave out.'),
      ...sizes,
      maxPages,
    }),
    z.strictObject({
      type: z.literal('cursor'),
      param: param().default('cursor').describe('Parameter with the cursor of the page.'),
      next: expression()
        .meta({ example: 'next_cursor' })
        .describe('The cursor of the next page; nothing on the last one.'),
      ...sizes,
      maxPages,
    }),
    z.strictObject({ type: z.literal('link'), ...sizes, maxPages }),
    z.strictObject({
      type: z.literal('nextUrl'),
      next: expression().meta({ example: 'links.next' }).describe('The URL of the next page; nothing on the last one.'),
      ...sizes,
      maxPages,
    }),
  ])
  .describe(
    'How the list goes on: by number (page), by rows left out (offset), by a cursor or a URL in the answer (cursor, nextUrl), by the Link header of RFC 8288 (link), or not at all (none). The parameters go into the query, with POST into the body.',
  );

const statusList = () => z.array(z.string().min(1)).max(STATUSES_MAX);

export const settings = z.strictObject({
  url: plainHttpUrl().describe('Where the list is, without a query.'),
  method: z.enum(['GET', 'POST']).default('GET').describe('POST sends `body` as JSON.'),
  query: queryParams()
    .default({})
    .meta({ example: { type: 'cloud' } })
    .describe('The query of each request. `{today}` and `{today-29d}` are days, in UTC.'),
  headers: requestHeaders()
    .default({})
    .meta({ example: { 'x-api-version': '2' } })
    .describe('Further request headers.'),
  body: z
    .record(z.string(), z.unknown())
    .optional()
    .meta({ example: { active: false } })
    .describe('What a POST sends, beside the parameters of `paging`.'),
  auth: authSettings().optional().describe('What lets the requests in.'),
  paging,
  items: expression().describe('Where in an answer the list of recordings is: JMESPath, `@` for the answer itself.'),
  total: expression().optional().meta({ example: 'total_count' }).describe('How many recordings the whole list has.'),
  fields: z
    .strictObject({
      uuid: expression().describe('What tells a recording from all others: a text or a whole number.'),
      status: expression().describe("Its status; `'available'` in quotes where only finished recordings are listed."),
      roomId: expression().optional().meta({ example: 'room_name' }).describe('Its room.'),
      meetingId: expression().optional().meta({ example: 'session_id' }).describe('Its meeting.'),
      createdAt: expression()
        .optional()
        .meta({ example: 'created_at' })
        .describe('When it was made: ISO 8601, or a time since 1970 in seconds, milli-, micro- or nanoseconds.'),
      url: expression().optional().meta({ example: 'download_url' }).describe('Where it can be had.'),
    })
    .describe('Where in a row of the list its parts are: JMESPath.'),
  statuses: z
    .strictObject({
      processing: statusList().default(['processing']).describe('The statuses that mean: in processing.'),
      available: statusList().default(['available']).describe('The statuses that mean: available.'),
    })
    .refine(({ processing, available }) => !processing.some((status) => available.includes(status)), {
      message: 'has a status under processing and under available; write it under one',
    })
    .prefault({})
    .describe('What the platform calls them. Another status is remembered as it is, and makes no event.'),
  link: z
    .strictObject({
      url: linkUrl().describe('Where the platform hands it out: `{uuid}` is the uuid of the recording.'),
      path: expression().describe('Where in the answer the URL is.'),
      query: queryParams().default({}).describe('The query of that request.'),
    })
    .optional()
    .meta({ example: { url: 'https://api.example.com/recordings/{uuid}/link', path: 'download_link' } })
    .describe('Where the URL of a recording has to be asked for by itself: it is, before each attempt that needs it.'),
  timeout: duration({ minMs: 100, maxMs: 600_000 }).prefault('30s').describe('For one request, its body included.'),
});

export type Settings = z.output<typeof settings>;
