import type { DeadEvent, OperatorEvent, SinkEvent, SourceEvent } from '../core/operator-event.js';
import { dateMsOf, dateWords, oneLine } from './text.js';

/** What an operator event says in words. Names of sinks and sources apart, its texts are hostile until they went through `oneLine`. */
export interface OperatorText {
  readonly mood: 'alarm' | 'warning' | 'relief';
  readonly title: string;
  readonly message: string;
  readonly facts: readonly (readonly [label: string, value: string])[];
  /** Alarm and all-clear of the same source or sink belong together. */
  readonly subject: string;
}

const MOODS = {
  'source.failing': 'alarm',
  'source.recovered': 'relief',
  'source.expiring': 'warning',
  'sink.failing': 'alarm',
  'sink.recovered': 'relief',
  'delivery.dead': 'alarm',
} as const satisfies Record<OperatorEvent['type'], OperatorText['mood']>;

/** In front of a title; the words say the same. */
export const MOOD_SIGNS = { alarm: '🔴', warning: '🟠', relief: '🟢' } as const satisfies Record<
  OperatorText['mood'],
  string
>;

const LISTED_MAX = 5;
const LISTED_CHARACTERS_MAX = 60;

/** @param timezone of its dates */
export function operatorText(event: OperatorEvent, timezone = 'UTC'): OperatorText {
  const words = wordsOf(event, timezone);
  const title = event.data.test === true ? `TEST: ${words.title}` : words.title;
  return { mood: MOODS[event.type], ...words, title };
}

function wordsOf(event: OperatorEvent, timezone: string): Omit<OperatorText, 'mood'> {
  switch (event.type) {
    case 'source.failing':
      return aboutSource(event, timezone, `Source ${event.source} is failing`, 'Since');
    case 'source.recovered':
      return aboutSource(event, timezone, `Source ${event.source} works again`, 'Failed since');
    case 'source.expiring':
      return aboutSource(event, timezone, `The credential of source ${event.source} expires soon`);
    case 'sink.failing':
      return aboutSink(event, timezone, `Sink ${event.data.sink} is failing`, 'Since');
    case 'sink.recovered':
      return aboutSink(event, timezone, `Sink ${event.data.sink} works again`, 'Failed since');
    case 'delivery.dead':
      return aboutDead(event);
  }
}

function aboutSource({ source, data }: SourceEvent, timezone: string, title: string, sinceLabel?: string) {
  const since = sinceLabel === undefined ? [] : [[sinceLabel, dateText(data.since, timezone)] as const];
  const facts = [['Reason', data.reason] as const, ...since];
  return { title, message: data.message, facts, subject: `source ${source}` };
}

function aboutSink({ data }: SinkEvent, timezone: string, title: string, sinceLabel: string) {
  const facts = [
    ['Reason', data.reason] as const,
    [sinceLabel, dateText(data.since, timezone)] as const,
    ['Waiting', String(data.waiting)] as const,
  ];
  return { title, message: data.message, facts, subject: `sink ${data.sink}` };
}

function aboutDead({ data }: DeadEvent) {
  const { sink, reason, count, deliveries } = data;
  const listed = deliveries.slice(0, LISTED_MAX).map(({ uuid }) => oneLine(uuid, LISTED_CHARACTERS_MAX));
  const more = count > listed.length ? [`and ${count - listed.length} more`] : [];
  return {
    title: `${count === 1 ? 'A delivery' : `${count} deliveries`} to ${sink} ${count === 1 ? 'was' : 'were'} given up`,
    message: `${count === 1 ? 'It is' : 'They are'} kept: "redeliver --dead --sink ${sink}" sends ${count === 1 ? 'it' : 'them'} again.`,
    facts: [['Reason', reason] as const, ['Recordings', [...listed, ...more].join(', ')] as const],
    subject: `sink ${sink}`,
  };
}

function dateText(text: string, timezone: string): string {
  const ms = dateMsOf(text);
  return ms === undefined ? text : dateWords(ms, timezone);
}
