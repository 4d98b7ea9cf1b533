import { isRecordingEvent, type NotifierEvent } from '../core/event.js';

export const WEBHOOK_FORMATS = ['standard', 'cloudevents'] as const;

/** What a webhook's body is. */
export interface WebhookFormat {
  readonly format: (typeof WEBHOOK_FORMATS)[number];
  /** Of the type of a CloudEvent, without the dot behind it. */
  readonly typePrefix?: string | undefined;
}

export interface WebhookContent {
  readonly contentType: string;
  readonly body: string;
}

const PREFIX = 'recording-notifier';

export function contentOf(event: NotifierEvent, format: WebhookFormat): WebhookContent {
  return format.format === 'standard' ? standardOf(event) : cloudEventOf(event, format);
}

/** Standard Webhooks. The id is not in it: it is the header `webhook-id`. */
function standardOf(event: NotifierEvent): WebhookContent {
  const { type, timestamp } = event;
  return { contentType: 'application/json', body: JSON.stringify({ type, timestamp, data: dataOf(event) }) };
}

/**
 * CloudEvents 1.0 in structured mode: every attribute is in the body, and so under the signature. `id` is that of `webhook-id`.
 *
 * Attributes may be logged by anyone on the way, so there is nothing in them but names and ids.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
 */
function cloudEventOf(event: NotifierEvent, { typePrefix = PREFIX }: WebhookFormat): WebhookContent {
  const { id, type, timestamp, source } = event;
  const cloudEvent = {
    specversion: '1.0',
    id,
    // What happens to a sink has no source of recordings: it is from the notifier itself.
    source: source === null ? '/recording-notifier' : `/recording-notifier/${source}`,
    type: `${typePrefix}.${type}`,
    subject: subjectOf(event),
    time: timestamp,
    datacontenttype: 'application/json',
    data: dataOf(event),
  };
  return { contentType: 'application/cloudevents+json; charset=utf-8', body: JSON.stringify(cloudEvent) };
}

/** What it is about: a recording, a sink or a source. */
function subjectOf(event: NotifierEvent): string {
  if (isRecordingEvent(event)) return event.data.recording.uuid;
  return event.source === null ? event.data.sink : event.source;
}

function dataOf({ source, data }: NotifierEvent): object {
  return { source, ...data };
}
