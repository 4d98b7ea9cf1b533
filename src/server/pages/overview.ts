import { html } from 'hono/html';
import type { RememberedRecording } from '../../ports.js';
import type { Status } from '../../views/status.js';
import {
  badge,
  button,
  counted,
  type Deed,
  type DeedPlace,
  durationText,
  type Html,
  heldDeeds,
  number,
  pathOf,
  since,
  sparkline,
  time,
} from './parts.js';
import { processList } from './processes.js';
import { recordingsTable } from './recordings.js';
import { recordingsCount } from './recordings-count.js';
import { reloadTroubles } from './reload-trouble.js';

/** Of sources and of sinks; those with trouble come first. */
const CARDS_MAX = 60;
/** Whoever has not delivered it again after a day does not want to. */
const DEAD_IS_NEWS_MS = 86_400_000;

type Source = Status['sources'][number];
type Sink = Status['sinks'][number];

export interface Overview {
  readonly status: Status;
  readonly latest: readonly RememberedRecording[];
  readonly place: DeedPlace;
}

/** Everything at a glance: what needs a person first. */
export function overview({ status, latest, place }: Overview): readonly Html[] {
  const { sources, sinks } = status;
  return [
    html`<h1>${summaryOf(status)}</h1>`,
    html`<section id="attention" data-part>${attention(status, place)}</section>`,
    section('sources', 'Sources', sources, 'source', (source) => sourceCard(source, place)),
    section('sinks', 'Sinks', sinks, 'sink', (sink) => sinkCard(sink, place)),
    processList(status.processes),
    html`<section id="latest" data-part aria-labelledby="h-latest"><h2 id="h-latest" tabindex="-1">Latest recordings</h2>
${latest.length === 0 ? html`<p>No poll has shown a recording yet.</p>` : recordingsTable(latest)}
<p><a href="/recordings">All recordings</a></p></section>`,
    html`<footer id="foot" data-part><p>Version ${status.version}, started ${time(status.startedAt)}. Store: <code>${status.store.label}</code>.
<a href="/api/openapi.json">API</a>, <a href="/metrics">metrics</a>.</p></footer>`,
  ];
}

/** A card has half a dozen links and buttons, and there may be sixty of them. */
export const OVERVIEW_SKIPS = [
  ['#h-sources', 'To the sources'],
  ['#h-sinks', 'To the sinks'],
  ['#h-latest', 'To the latest recordings'],
] as const;

export function summaryOf(status: Status): string {
  const count = troublesOf(status).length;
  if (count === 0) return 'Everything works';
  return count === 1 ? 'One thing needs you' : `${count} things need you`;
}

interface Trouble {
  readonly what: string;
  readonly words: string | Html;
  readonly since?: string | null;
  readonly href?: string;
  readonly deeds: readonly Deed[];
}

/** What does not mend itself, or has not for too long, in the order of its weight. */
function troublesOf({ now, reasons, store, sources, sinks, config }: Status): readonly Trouble[] {
  const failing = store.failingForSeconds;
  return [
    ...reloadTroubles({ config }),
    ...(failing === null
      ? []
      : [{ what: 'The store', words: `It has taken nothing for ${counted(failing, 'second')}.`, deeds: [] }]),
    ...sources.filter(({ state }) => state === 'failing').map(sourceTrouble),
    ...sinks.filter(({ state }) => state === 'suspended' || state === 'failing').map(sinkTrouble),
    ...sources.filter(({ state }) => state === 'paused').map((source) => pausedTrouble('source', source)),
    ...sinks
      .filter(({ state, waiting }) => state === 'paused' && waiting > 0)
      .map((sink) => pausedTrouble('sink', sink)),
    ...sources.filter(({ held }) => held > 0).map(heldTrouble),
    ...sinks.filter(({ lastDeadAt }) => lastDeadAt !== null && isRecent(lastDeadAt, now)).map(deadTrouble),
    ...sinks
      .filter(({ state, waiting }) => (state === 'disabled' || state === 'removed') && waiting > 0)
      .map(idleTrouble),
    ...reasons
      .filter((reason) => !/^(the store|source )/.test(reason))
      .map((reason) => ({ what: 'Not ready', words: reason, deeds: [] })),
  ];
}

function isRecent(at: string, now: string | null): boolean {
  return now !== null && Date.parse(now) - Date.parse(at) < DEAD_IS_NEWS_MS;
}

function sourceTrouble({ name, words, since }: Source): Trouble {
  return { what: `Source ${name} is failing`, words, since, href: `#source-${name}`, deeds: [] };
}

function sinkTrouble({ name, state, words, since, waiting, lastError }: Sink): Trouble {
  const error = state === 'failing' && lastError !== null ? ` ${lastError}.` : '';
  const rest = waiting === 0 ? '' : ` ${counted(waiting, 'delivery waits', 'deliveries wait')}.`;
  return {
    what: `Sink ${name} is ${state}`,
    words: `${words}${error}${rest}`,
    since,
    href: pathOf('/deliveries', { sink: name, state: waiting > 0 ? 'pending' : undefined }),
    deeds: waiting > 0 ? [deedOf('try', { sink: name }, 'Try one now', `to ${name}`)] : [],
  };
}

function pausedTrouble(kind: 'source' | 'sink', { name, words, since }: Source | Sink): Trouble {
  return {
    what: `${kind === 'sink' ? 'Sink' : 'Source'} ${name} is paused`,
    words,
    since,
    href: `#${kind}-${name}`,
    deeds: [{ ...pauseDeed(kind, name, 'resume'), slot: `trouble-${kind}-${name}` }],
  };
}

function heldTrouble({ name, held }: Source): Trouble {
  return {
    what: `${counted(held, 'delivery', 'deliveries')} of source ${name} held`,
    words:
      'One poll made more events than delivery.floodLimit, so you decide: release sends them, discard gives them up.',
    href: pathOf('/deliveries', { state: 'held' }),
    deeds: heldDeeds(name),
  };
}

function deadTrouble({ name, dead, discarded }: Sink): Trouble {
  return {
    what: `${counted(dead - discarded, 'delivery', 'deliveries')} to ${name} given up`,
    words: 'They are kept, and can be delivered again once the cause is mended.',
    href: pathOf('/deliveries', { sink: name, state: 'dead' }),
    deeds: [{ ...deedOf('redeliver-dead', { sink: name }, 'Deliver all again', `to ${name}`), confirm: true }],
  };
}

function idleTrouble({ name, words, since, waiting }: Sink): Trouble {
  return {
    what: `${counted(waiting, 'delivery waits', 'deliveries wait')} for ${name}`,
    words,
    since,
    href: pathOf('/deliveries', { sink: name, state: 'pending' }),
    deeds: [],
  };
}

function deedOf(what: string, fields: Readonly<Record<string, string>>, label: string, about: string) {
  return { do: what, fields, label, about };
}

function attention(status: Status, place: DeedPlace): Html {
  const troubles = troublesOf(status);
  if (troubles.length === 0) return html``;
  return html`<h2 class="sr">What needs you</h2><ul class="troubles">${troubles.slice(0, CARDS_MAX).map(
    ({
      what,
      words,
      since: sinceIso = null,
      href,
      deeds,
    }) => html`<li><strong>${href === undefined ? what : html`<a href="${href}">${what}</a>`}</strong>
<p>${words}${since(sinceIso)}</p>${deeds.length === 0 ? '' : html`<div class="deeds">${deeds.map((deed) => button(deed, place))}</div>`}</li>\n`,
  )}</ul>`;
}

function section<Item extends { readonly state: string }>(
  id: string,
  title: string,
  items: readonly Item[],
  noun: string,
  card: (item: Item) => Html,
): Html {
  const shown = items.toSorted((left, right) => weightOf(left) - weightOf(right)).slice(0, CARDS_MAX);
  const rest = items.length - shown.length;
  return html`<section id="${id}" data-part aria-labelledby="h-${id}"><h2 id="h-${id}" tabindex="-1">${title}</h2>
<div class="cards">${shown.map(card)}</div>
${rest > 0 ? html`<p>${counted(rest, noun)} more, none in a worse state: <a href="/api/status">/api/status</a> has all.</p>` : ''}</section>`;
}

const BY_WEIGHT = ['failing', 'suspended', 'paused', 'waiting', 'starting', 'removed', 'disabled', 'working'];

function weightOf({ state }: { readonly state: string }): number {
  return BY_WEIGHT.indexOf(state);
}

function sourceCard(source: Source, place: DeedPlace): Html {
  const { name, state, words, polling, pollDurationsMs, rejectedRows } = source;
  const last = pollDurationsMs.at(-1);
  return html`<article class="card" aria-labelledby="source-${name}"><h3 id="source-${name}">${name} ${badge(state)}</h3>
<p>${words}${since(source.since)}</p>
<dl>
<dt>Last poll</dt><dd>${polling ? 'under way' : time(source.lastPollAt, 'none yet')}</dd>
<dt>Next poll</dt><dd>${time(source.nextPollAt, 'not planned')}</dd>
<dt>Recordings</dt><dd>${recordingsCount(source)}</dd>
${rejectedRows ? html`<dt>Set aside</dt><dd>${counted(rejectedRows, 'row')} that ${rejectedRows === 1 ? 'is no recording' : 'are no recordings'}; the log says why</dd>` : ''}
${source.credentialExpiresAt === null ? '' : html`<dt>Credential dies</dt><dd>${time(source.credentialExpiresAt)}</dd>`}
<dt>Polls take</dt><dd>${last === undefined ? '–' : durationText(last)} ${sparkline(pollDurationsMs)}</dd>
</dl>
<div class="deeds">${state === 'paused' || state === 'removed' ? '' : button(deedOf('poll', { source: name }, 'Poll now', `source ${name}`), place)}${state === 'removed' ? '' : pauseButton('source', source, place)}</div></article>`;
}

/** Neither loses anything, so neither is asked about. */
function pauseButton(kind: 'source' | 'sink', { name, state }: Source | Sink, place: DeedPlace): Html {
  return button(pauseDeed(kind, name, state === 'paused' ? 'resume' : 'pause'), place);
}

/** Either is in the place of the other. */
function pauseDeed(kind: 'source' | 'sink', name: string, verb: 'pause' | 'resume'): Deed {
  const deed = deedOf(`${verb}-${kind}`, { [kind]: name }, verb === 'pause' ? 'Pause' : 'Resume', `${kind} ${name}`);
  return { ...deed, slot: `pause-${kind}-${name}` };
}

/** Of a sink that works: a later delivery that arrives changes nothing of when an earlier one is tried again. */
function retriesOf({ state, retrying, lastRetryAt }: Sink): Html {
  if (retrying === 0 || state !== 'working') return html``;
  return html`<dt>Retries</dt><dd>${number(retrying)} that failed before ${retrying === 1 ? 'has its own time' : 'have their own times, the last'} ${time(lastRetryAt)}</dd>`;
}

function sinkCard(sink: Sink, place: DeedPlace): Html {
  const { name, type, state, words, waiting, inFlight, held, delivered, dead, discarded } = sink;
  const to = (of: string) => pathOf('/deliveries', { sink: name, state: of });
  const count = (value: number, of: string) =>
    value === 0 ? '0' : html`<a href="${to(of)}">${number(value)}<span class="sr"> to ${name}: ${of}</span></a>`;
  return html`<article class="card" aria-labelledby="sink-${name}"><h3 id="sink-${name}">${name} <small>${type ?? ''}</small> ${badge(state)}</h3>
<p>${words}${since(sink.since)}</p>
<dl>
${sink.told === null ? '' : html`<dt>Told of</dt><dd>${sink.told}</dd>`}
<dt>Waiting</dt><dd>${count(waiting, 'pending')}${inFlight > 0 ? html` <small>(${number(inFlight)} in flight)</small>` : ''}</dd>
${retriesOf(sink)}
${held > 0 ? html`<dt>Held</dt><dd>${count(held, 'held')}</dd>` : ''}
<dt>Delivered</dt><dd>${count(delivered, 'delivered')}${sink.lastDeliveredAt === null ? '' : html` <small>last ${time(sink.lastDeliveredAt)}</small>`}</dd>
<dt>Dead</dt><dd>${count(dead - discarded, 'dead')}</dd>
${discarded > 0 ? html`<dt>Discarded</dt><dd>${count(discarded, 'discarded')}</dd>` : ''}
<dt>Last error</dt><dd>${sink.lastError === null ? 'none since the start' : html`${sink.lastError} <small>${time(sink.lastErrorAt)}</small>`}</dd>
<dt>Next attempt</dt><dd>${time(sink.nextAttemptAt, waiting > 0 ? 'not planned' : 'nothing waits')}</dd>
</dl>
${state === 'disabled' || state === 'removed' ? '' : html`<div class="deeds">${pauseButton('sink', sink, place)}</div>`}</article>`;
}
