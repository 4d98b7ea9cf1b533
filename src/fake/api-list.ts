import type { FakeRow } from './api-recordings.js';
import type { Distortion, ListMode } from './api-schema.js';

export const DEFAULT_LIST_MODE: ListMode = {
  form: 'envelope',
  pageParam: 'page',
  sizeParam: 'take',
  pageSize: 10,
  pageSizeMax: null,
  pagination: {},
  emptyPages: [],
  empty: false,
  urlWhileProcessing: 'signed',
};

/** The body of `GET /recording`: filtered, a page of it, and distorted where the mode says so. */
export function listAnswer(
  rows: readonly FakeRow[],
  mode: ListMode,
  query: URLSearchParams,
  signUrl: (uuid: string) => string,
): unknown {
  const matching = mode.empty ? [] : narrowed(rows, query);
  if (mode.form === 'array') return matching.map((row) => rowAnswer(row, mode, signUrl));
  const asked = positive(query.get(mode.sizeParam)) ?? mode.pageSize;
  const limit = Math.min(asked, mode.pageSizeMax ?? asked);
  const page = positive(query.get(mode.pageParam)) ?? 1;
  const shown = mode.emptyPages.includes(page) ? [] : matching.slice((page - 1) * limit, page * limit);
  const pagination = { page, totalPages: Math.ceil(matching.length / limit), limit, total: matching.length };
  return {
    data: shown.map((row) => rowAnswer(row, mode, signUrl)),
    pagination: distorted(pagination, mode.pagination),
  };
}

function narrowed(rows: readonly FakeRow[], query: URLSearchParams): readonly FakeRow[] {
  const roomId = query.get('roomId');
  const meetingId = query.get('meetingId');
  if (roomId === null && meetingId === null) return rows;
  return rows.filter(
    (row) => (roomId === null || row.roomId === roomId) && (meetingId === null || row.meetingId === meetingId),
  );
}

function rowAnswer(row: FakeRow, mode: ListMode, signUrl: (uuid: string) => string): unknown {
  const { uuid, roomId, status, meetingId, createdAt } = row;
  return distorted({ uuid, url: urlOf(row, mode, signUrl), roomId, status, meetingId, createdAt }, row.distortion);
}

function urlOf({ uuid, status }: FakeRow, { urlWhileProcessing }: ListMode, signUrl: (uuid: string) => string) {
  if (status !== 'processing' || urlWhileProcessing === 'signed') return signUrl(uuid);
  return { null: null, empty: '', missing: undefined }[urlWhileProcessing];
}

function distorted(
  value: Record<string, unknown>,
  { overrides = {}, omits = [] }: Distortion,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...value, ...overrides }).filter(([name]) => !omits.includes(name)));
}

/** A whole number from 1, or undefined: the real API's answer to nonsense is unknown, this one takes its default. */
function positive(text: string | null): number | undefined {
  return text !== null && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}
