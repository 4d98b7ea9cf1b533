import { html } from 'hono/html';
import type { Delivery } from '../../core/delivery.js';
import { isRecordingEvent } from '../../core/event.js';
import { UNKNOWN_ID, UNSEEN, unseenWords } from '../../views/source-words.js';
import type { EventFacts, Facts, RecordingFacts } from '../../views/story-facts.js';
import { awaitedWords, firstSeenWords } from '../../views/story-recording.js';
import { sinkStories } from '../../views/story-words.js';
import type { SinkStory, Surroundings } from '../../views/surroundings.js';
import { redeliverButton } from './deliveries.js';
import {
  badge,
  button,
  counted,
  type DeedPlace,
  durationText,
  type Html,
  heldDeeds,
  sentence,
  table,
  time,
} from './parts.js';

/** How one recording, or one event, came to be as it is: why each sink was told or not, every attempt, and what comes next. */
export function storyPage(of: string, facts: Facts, around: Surroundings, place: DeedPlace): readonly Html[] {
  const { recordings, operatorEvents } = facts;
  if (recordings.length + operatorEvents.length === 0) return unknown(of, around);
  return [
    ...recordings.map((recording) => recordingStory(recording, around, place)),
    ...operatorEvents.map((event) => html`<h1>${event.event.type}</h1>${eventStory(event, undefined, around, place)}`),
  ];
}

function unknown(of: string, around: Surroundings): readonly Html[] {
  const isId = /^(evt|dlv)_/.test(of);
  return [
    html`<h1>Nothing is known of <span class="id">${of}</span></h1>`,
    isId
      ? html`<p>${UNKNOWN_ID}</p>`
      : html`<p>${UNSEEN} <a href="/recordings">Recordings</a> lists what is known.</p>
${unseenWords(around).map((words) => html`<p>${sentence(words)}</p>`)}`,
  ];
}

function recordingStory(recording: RecordingFacts, around: Surroundings, place: DeedPlace): Html {
  const { source, uuid, state, events, earlierEvents } = recording;
  return html`<section id="recording-${source}" data-part>
<h1 class="id">${uuid}</h1>
<dl class="facts">
<dt>Status</dt><dd>${badge(state.status)}</dd>
<dt>Source</dt><dd>${source}</dd>
<dt>Room</dt><dd>${state.roomId ?? '–'}</dd>
<dt>Meeting</dt><dd>${state.meetingId ?? '–'}</dd>
<dt>Recorded</dt><dd>${time(state.createdAt)}</dd>
<dt>First seen</dt><dd>${sentence(firstSeenWords(recording, around))}</dd>
</dl>
${awaitedWords(recording, around).map((words) => html`<p>${sentence(words)}</p>`)}
${events.length === 0 ? html`<p>Its status makes no event.</p>` : ''}
${events.toReversed().map((event) => eventStory(event, recording, around, place))}
${earlierEvents > 0 ? html`<p>${counted(earlierEvents, 'earlier event')}: of them nothing but the number is known.</p>` : ''}
</section>`;
}

function eventStory(facts: EventFacts, of: RecordingFacts | undefined, around: Surroundings, place: DeedPlace): Html {
  const { event, atMs } = facts;
  const number = isRecordingEvent(event) ? `, occurrence ${event.data.occurrence}` : '';
  const message = isRecordingEvent(event) || !('message' in event.data) ? '' : event.data.message;
  return html`<article class="event"><h2>${event.type}<small>${number}</small></h2>
<p class="id">${event.id}${atMs === null ? '' : html`, seen ${time(new Date(atMs).toISOString())}`}</p>
${message === '' ? '' : html`<p>${message}</p>`}
${sinkStories(facts, of, around).map((story) => sinkPart(story, of, facts, place))}
</article>`;
}

function sinkPart(story: SinkStory, of: RecordingFacts | undefined, facts: EventFacts, place: DeedPlace): Html {
  const { sink, state, why, isUnderWay, byHand, next, history, earlierAttempts } = story;
  const deeds = isUnderWay ? [] : deedsOf(story, of, facts, place);
  return html`<div class="told"><h3>${sink} ${badge(story.badge ?? (state === 'none' ? 'not told' : state))}</h3>
<p>${sentence(why)}</p>
${byHand === undefined ? '' : html`<p>${byHand}</p>`}
${next.map((words) => html`<p class="next">${sentence(words)}</p>`)}
${history.length === 0 ? '' : attempts(history, earlierAttempts, sink)}
${deeds.length === 0 ? '' : html`<div class="deeds">${deeds}</div>`}</div>`;
}

function deedsOf(
  story: SinkStory,
  of: RecordingFacts | undefined,
  facts: EventFacts,
  place: DeedPlace,
): readonly Html[] {
  const { delivery } = story;
  if (delivery?.state === 'held') return heldButtons(delivery, place);
  const deed = delivery === undefined ? announceButton(story, of, facts, place) : redeliverButton(delivery, place);
  return deed === undefined ? [] : [deed];
}

function attempts(history: SinkStory['history'], earlier: number, sink: string): Html {
  return html`${earlier > 0 ? html`<p>${counted(earlier, 'earlier attempt')}</p>` : ''}${table(
    `Attempts to ${sink}`,
    [
      { title: 'When', cell: ({ atMs }) => time(new Date(atMs).toISOString()) },
      { title: 'Took', cell: ({ durationMs }) => durationText(durationMs), rank: 2 },
      { title: 'Result', cell: ({ reason }) => badge(reason === null ? 'delivered' : 'failed') },
      { title: 'What came back', cell: ({ reason, detail }) => (reason === null ? detail : `${reason}: ${detail}`) },
    ],
    history,
  )}`;
}

/** What is held is decided about by source; of one alone, it is that it goes. */
function heldButtons({ id, sink, event: { source } }: Delivery, place: DeedPlace): readonly Html[] {
  const one = { do: 'redeliver', fields: { id }, label: 'Send this one', about: `to ${sink}: ${id}` };
  return [one, ...(source === null ? [] : heldDeeds(source, `all of ${source}`))].map((deed) => button(deed, place));
}

/** Where the words say that it can be sent, it can be sent from here. */
function announceButton(
  { sink, next }: SinkStory,
  of: RecordingFacts | undefined,
  facts: EventFacts,
  place: DeedPlace,
): Html | undefined {
  if (of === undefined || next.length === 0 || facts.event.type !== 'recording.available') return undefined;
  return button({ do: 'announce', fields: { uuid: of.uuid, sink }, label: 'Send it', about: `to ${sink}` }, place);
}
