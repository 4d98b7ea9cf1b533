import { html } from 'hono/html';
import { DELIVERY_STATES, type Delivery, isDiscarded } from '../../core/delivery.js';
import type { SinkState } from '../../core/suspension.js';
import { deliveryRow } from '../../views/delivery-row.js';
import type { Latest } from '../../views/latest.js';
import { type DeliveriesQuery, LOOKUP_ROWS_MAX } from '../../views/lookup.js';
import type { Waiting } from '../../views/waiting-words.js';
import { didYouMean } from './near.js';
import {
  badge,
  button,
  type DeedPlace,
  filters,
  type Html,
  link,
  number,
  pager,
  pathOf,
  storyPath,
  table,
  time,
} from './parts.js';

/** What one narrows the list to; what somebody discarded is dead to programs, and another thing to people. */
export const SHOWN_STATES = [...DELIVERY_STATES, 'discarded'] as const;
export type ShownState = (typeof SHOWN_STATES)[number];

export interface DeliveriesView {
  readonly found: Latest<Delivery>;
  readonly query: DeliveriesQuery;
  readonly shown: ShownState | undefined;
  readonly sinks: readonly string[];
  readonly sinkStates: ReadonlyMap<string, SinkState>;
  readonly waitingOf: (delivery: Delivery) => Waiting | undefined;
  /** Uuids like what was searched in vain. */
  readonly near: readonly string[];
  readonly place: DeedPlace;
}

export function deliveriesPage({
  found,
  query,
  shown: state,
  sinks,
  sinkStates,
  waitingOf,
  near,
  place,
}: DeliveriesView): readonly Html[] {
  const { items, total } = found;
  const { sink, search, offset, limit } = query;
  const hrefAt = (at: number) => pathOf('/deliveries', { q: search, state, sink, offset: at === 0 ? undefined : at });
  const rows = items.map((delivery) => ({
    ...deliveryRow(delivery, sinkStates.get(delivery.sink), place.closedOf(delivery.sink) === 'paused'),
    waiting: waitingOf(delivery),
    isDiscarded: isDiscarded(delivery),
  }));
  return [
    html`<h1>Deliveries</h1>`,
    filters('/deliveries', search, 'id, uuid, room or meeting', [
      { name: 'sink', label: 'Sink', value: sink, options: sinks },
      { name: 'state', label: 'State', value: state, options: SHOWN_STATES },
    ]),
    html`<div id="list" data-part tabindex="-1">
${total === 0 ? html`<p>${(search ?? state ?? sink) ? 'No delivery fits.' : 'Nothing was delivered yet.'}</p>${didYouMean(near)}` : deliveriesTable(rows, place)}
${pager({ total, offset, limit, hrefAt, offsetMax: LOOKUP_ROWS_MAX - limit })}</div>`,
  ];
}

type Row = ReturnType<typeof deliveryRow> & { readonly isDiscarded: boolean; readonly waiting: Waiting | undefined };

function deliveriesTable(rows: readonly Row[], place: DeedPlace): Html {
  return table(
    'Deliveries',
    [
      { title: 'State', cell: (row) => badge(row.isDiscarded ? 'discarded' : row.state), isShort: true },
      { title: 'Sink', cell: ({ sink }) => sink, isShort: true },
      { title: 'Event', cell: ({ type, eventId }) => link(storyPath(eventId), type), isShort: true },
      {
        title: 'Recording',
        cell: ({ uuid }) => (uuid === null ? '–' : html`<span class="id">${link(storyPath(uuid), uuid)}</span>`),
        rank: 2,
      },
      { title: 'Made', cell: ({ createdAt }) => time(createdAt), rank: 3, isShort: true },
      { title: 'Attempts', cell: attemptsCell, rank: 3 },
      {
        title: 'Last error',
        cell: (row) => (row.isDiscarded ? 'none: somebody discarded it' : (row.lastError ?? '–')),
        rank: 2,
      },
      { title: 'Waits', cell: ({ waiting }) => waitingCell(waiting), isWide: true },
      { title: 'Do', cell: (row) => deedsOf(row, place), isShort: true },
    ],
    rows,
  );
}

function attemptsCell({ attempts, uncountedAttempts }: ReturnType<typeof deliveryRow>): Html | string {
  if (uncountedAttempts === 0) return number(attempts);
  return html`${number(attempts)} <small>and ${number(uncountedAttempts)} that did not count</small>`;
}

function deedsOf(row: Row, place: DeedPlace): Html | string {
  if (row.waiting?.isUnderWay) return '–';
  const deeds = [redeliverButton(row, place), moveButton(row, place)].filter((deed) => deed !== undefined);
  return deeds.length === 0 ? '–' : html`<div class="deeds">${deeds}</div>`;
}

/** For what its own sink does not take. */
function moveButton({ id, state, sink }: Row, place: DeedPlace): Html | undefined {
  const closed = place.closedOf(sink);
  const isStuck = state === 'dead' || (state === 'pending' && (closed === 'removed' || closed === 'disabled'));
  if (!isStuck) return undefined;
  const about = `than ${sink}: ${id}`;
  return button({ do: 'move', fields: { id }, label: 'Deliver to another sink', about, confirm: true }, place);
}

function waitingCell(waiting: Waiting | undefined): Html | string {
  if (waiting === undefined) return '–';
  const { words, atMs } = waiting;
  return atMs === null ? words : html`${words} ${time(new Date(atMs).toISOString())}`;
}

/** What is held waits for a decision about all of it, and a sink that gets nothing is not offered any. */
export function redeliverButton(
  { id, state, sink }: { id: string; state: string; sink: string },
  place: DeedPlace,
): Html | undefined {
  if (state === 'held' || place.closedOf(sink) !== undefined) return undefined;
  const label = state === 'pending' ? 'Try now' : 'Deliver again';
  return button({ do: 'redeliver', fields: { id }, label, about: `to ${sink}: ${id}` }, place);
}
