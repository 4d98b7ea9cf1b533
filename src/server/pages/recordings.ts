import { html } from 'hono/html';
import type { RememberedRecording } from '../../ports.js';
import type { Latest } from '../../views/latest.js';
import { LOOKUP_ROWS_MAX, type RecordingsQuery } from '../../views/lookup.js';
import { recordingRow } from '../../views/recording-row.js';
import { didYouMean } from './near.js';
import { badge, filters, type Html, link, pager, pathOf, storyPath, table, time } from './parts.js';

/** Statuses that are asked for; a platform may have others, which the search field of the API takes. */
const STATUSES = ['available', 'processing'];

export function recordingsTable(recordings: readonly RememberedRecording[]): Html {
  return table(
    'Recordings',
    [
      { title: 'Recording', cell: ({ uuid }) => html`<span class="id">${link(storyPath(uuid), uuid)}</span>` },
      { title: 'Status', cell: ({ status }) => badge(status), isShort: true },
      { title: 'Room', cell: ({ roomId }) => roomId ?? '–' },
      { title: 'Meeting', cell: ({ meetingId }) => meetingId ?? '–', rank: 3 },
      { title: 'Source', cell: ({ source }) => source, rank: 2 },
      { title: 'First seen', cell: ({ firstSeenAt }) => time(firstSeenAt), rank: 2, isShort: true },
      { title: 'Available', cell: ({ availableAt }) => time(availableAt, 'not yet'), isShort: true },
    ],
    recordings.map(recordingRow),
  );
}

export function recordingsPage(
  { items, total }: Latest<RememberedRecording>,
  query: RecordingsQuery,
  sources: readonly string[],
  near: readonly string[],
): readonly Html[] {
  const { source, status, search, offset, limit } = query;
  const hrefAt = (at: number) =>
    pathOf('/recordings', { q: search, source, status, offset: at === 0 ? undefined : at });
  return [
    html`<h1>Recordings</h1>`,
    filters('/recordings', search, 'uuid, room or meeting', [
      { name: 'source', label: 'Source', value: source, options: sources },
      { name: 'status', label: 'Status', value: status, options: STATUSES },
    ]),
    html`<div id="list" data-part tabindex="-1">
${total === 0 ? html`<p>${(search ?? source ?? status) ? 'No recording fits.' : 'No poll has shown a recording yet.'}</p>${didYouMean(near)}` : recordingsTable(items)}
${pager({ total, offset, limit, hrefAt, offsetMax: LOOKUP_ROWS_MAX - limit })}</div>`,
  ];
}
