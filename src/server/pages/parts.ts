import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import type { Closed } from '../../views/waiting-words.js';

/** The pieces that pages are made of. Whatever is put into `html` is escaped by it. */

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** How something is, in a word and a colour; never in a colour alone. */
export type Tone = 'good' | 'busy' | 'bad' | 'idle';

const TONES: Readonly<Record<string, Tone>> = {
  ...{ working: 'good', delivered: 'good', available: 'good', complete: 'good' },
  ...{ starting: 'busy', pending: 'busy', waiting: 'busy', processing: 'busy', held: 'bad' },
  ...{ failing: 'bad', suspended: 'bad', dead: 'bad', failed: 'bad', incomplete: 'bad' },
};

/** A state in its own word. */
export function badge(state: string): Html {
  return html`<span class="badge ${Object.hasOwn(TONES, state) ? TONES[state] : 'idle'}">${state}</span>`;
}

/** The script says how long ago it is; without it, the time itself stands there. */
export function time(iso: string | null, otherwise = '–'): Html {
  if (iso === null) return html`<span class="none">${otherwise}</span>`;
  // A platform's own may be anything.
  if (Number.isNaN(Date.parse(iso))) return html`${iso}`;
  return html`<time datetime="${iso}">${iso.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')}</time>`;
}

const TIME_IN_WORDS = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)(?: \([^)]*\))?/;
const COMMAND_IN_WORDS = /(recording-notifier .+?)(\.?)$/;

/** A sentence that the command line prints, too: its times are told as times, and a command as one. */
export function sentence(words: string): Html {
  const command = COMMAND_IN_WORDS.exec(words);
  if (command?.[1] !== undefined)
    return html`${sentence(words.slice(0, command.index))}<code>${command[1]}</code>${command[2]}`;
  // Of what is split by a group, each second part is what matched.
  return html`${words.split(TIME_IN_WORDS).map((part, index) => (index % 2 === 0 ? part : html`<span data-both>${time(part)}</span>`))}`;
}

/** Since when it is so. The script says for how long. */
export function since(iso: string | null): Html {
  return iso === null ? html`` : html` <small data-since>since ${time(iso)}</small>`;
}

export function link(href: string, text: string): Html {
  return html`<a href="${href}">${text}</a>`;
}

/** A path with a query of what is not undefined. */
export function pathOf(path: string, query: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
  const text = new URLSearchParams(given.map(([key, value]): [string, string] => [key, String(value)])).toString();
  return text === '' ? path : `${path}?${text}`;
}

export function storyPath(of: string): string {
  return pathOf('/story', { of });
}

const SPARK_WIDTH = 120;
const SPARK_HEIGHT = 24;

/** How long polls took, the oldest on the left. */
export function sparkline(durationsMs: readonly number[]): Html {
  if (durationsMs.length < 2) return html``;
  const [least, most] = [Math.min(...durationsMs), Math.max(...durationsMs)];
  const points = durationsMs.map((ms, index) => {
    const x = (index / (durationsMs.length - 1)) * SPARK_WIDTH;
    const y = SPARK_HEIGHT - 2 - (most === 0 ? 0 : ms / most) * (SPARK_HEIGHT - 4);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const label = `The latest ${durationsMs.length} polls took ${durationText(least)} to ${durationText(most)}`;
  return html`<svg class="spark" role="img" aria-label="${label}" viewBox="0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}" width="${SPARK_WIDTH}" height="${SPARK_HEIGHT}"><title>${label}</title><polyline points="${points.join(' ')}" /></svg>`;
}

export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}

const COUNTS = new Intl.NumberFormat('en');

/** With its noun: `1 recording`, `12,000 recordings`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${COUNTS.format(count)} ${count === 1 ? noun : plural}`;
}

export function number(count: number | null): string {
  return count === null ? '–' : COUNTS.format(count);
}

/** What a button asks for: a form, so that it works without a script. */
export interface Deed {
  readonly do: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly label: string;
  /** What a screen reader says of it beside others with the same label. */
  readonly about?: string;
  /** It is asked once more before it is done. */
  readonly confirm?: true;
  /** What its button is known by on the page, where another one may come in its place; undefined: by what it does. */
  readonly slot?: string;
}

export interface DeedPlace {
  /** Only a page of ours can know it. */
  readonly key: string;
  /** Where one comes from, and goes back to. */
  readonly back: string;
  /** The answer that the page shows: a press of somebody who has seen it is another one than the press before. */
  readonly seen: string | undefined;
  /** Why nobody can redeliver to a sink; undefined: one can. */
  readonly closedOf: (sink: string) => Closed | undefined;
}

/** What a form needs of it. */
export type FormPlace = Pick<DeedPlace, 'key' | 'back' | 'seen'>;

/** @param choice what is chosen beside the button */
export function button(deed: Deed, { key, back, seen }: FormPlace, choice?: Choice): Html {
  const fields = Object.entries({ do: deed.do, back, ...(seen !== undefined && { seen }), ...deed.fields });
  const inputs = fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);
  const label = deed.about === undefined ? deed.label : html`${deed.label}<span class="sr"> ${deed.about}</span>`;
  const id = `b-${deed.slot ?? Object.values({ do: deed.do, ...deed.fields }).join('-')}`;
  return deed.confirm
    ? html`<form method="get" action="/confirm">${inputs}<button id="${id}">${label}…</button></form>`
    : html`<form method="post" action="/act">${inputs}<input type="hidden" name="key" value="${key}">${choice === undefined ? '' : select(choice)} <button id="${id}">${label}</button></form>`;
}

/** What can be done about all that is held of a source; each is asked about once more. @param label what it is about, on the buttons */
export function heldDeeds(source: string, label = ''): readonly Deed[] {
  const rest = { fields: { source }, about: `what is held of ${source}`, confirm: true } as const;
  return (
    [
      ['release', 'Release'],
      ['discard', 'Discard'],
    ] as const
  ).map(([name, verb]) => ({
    ...rest,
    do: name,
    label: label === '' ? verb : `${verb} ${label}`,
  }));
}

/** Columns that matter less go first where there is little room. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Html | string;
  readonly rank?: 2 | 3;
  /** Kept on one line. */
  readonly isShort?: true;
  /** Words, which are not to stand below each other. */
  readonly isWide?: true;
}

export function table<Row>(caption: string, columns: readonly Column<Row>[], rows: readonly Row[]): Html {
  const classOf = ({ rank, isShort, isWide }: Column<Row>) =>
    `${isShort ? 'short ' : ''}${isWide ? 'wide ' : ''}${rank === undefined ? '' : `rank${rank}`}`;
  // Roles are written out, since a table that is shown as cards is none to a screen reader otherwise.
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table role="table">
<caption class="sr">${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map((column) => html`<th role="columnheader" scope="col" class="${classOf(column)}">${column.title}</th>`)}</tr></thead>
<tbody role="rowgroup">${rows.map((row) => html`<tr role="row">${columns.map((column) => html`<td role="cell" data-title="${column.title}" class="${classOf(column)}"><div>${column.cell(row)}</div></td>`)}</tr>\n`)}</tbody>
</table></div>`;
}

export interface Paging {
  readonly total: number;
  readonly offset: number;
  readonly limit: number;
  readonly hrefAt: (offset: number) => string;
  readonly offsetMax: number;
}

export function pager({ total, offset, limit, hrefAt, offsetMax }: Paging): Html {
  if (total === 0) return html``;
  const last = Math.min(total, offset + limit);
  const hasNext = last < total && offset + limit <= offsetMax;
  return html`<nav class="pager" aria-label="Pages">
<span>${number(Math.min(offset + 1, total))}–${number(last)} of ${number(total)}</span>
${offset > 0 ? html`<a rel="prev" href="${hrefAt(Math.max(0, offset - limit))}">Newer</a>` : ''}
${hasNext ? html`<a rel="next" href="${hrefAt(offset + limit)}">Older</a>` : ''}
${last < total && !hasNext ? html`<span>Search for what is older.</span>` : ''}
</nav>`;
}

export interface Choice {
  readonly name: string;
  readonly label: string;
  readonly value: string | undefined;
  readonly options: readonly string[];
}

function select({ name, label, value, options }: Choice): Html {
  return html`<label>${label} <select name="${name}" required><option value="">choose one</option>${options.map(
    (option) => html`<option value="${option}"${option === value ? html` selected` : ''}>${option}</option>`,
  )}</select></label>`;
}

/** A form that narrows a list. */
export function filters(action: string, search: string | undefined, hint: string, choices: readonly Choice[]): Html {
  return html`<form class="filters" method="get" action="${action}" role="search">
<label>Search <input type="search" name="q" value="${search ?? ''}" placeholder="${hint}" maxlength="300"></label>
${choices.map(
  ({ name, label, value, options }) =>
    html`<label>${label} <select name="${name}"><option value="">all</option>${options.map(
      (option) => html`<option value="${option}"${option === value ? html` selected` : ''}>${option}</option>`,
    )}</select></label>`,
)}
<button>Show</button></form>`;
}
