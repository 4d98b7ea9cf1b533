import type { ReceivedMessage } from '../fake/receiver.js';
import { printable } from '../observe/printable.js';

/** A webhook as it arrived, for a person to read. The link is shown by its host and its end only, since it is a credential. */
export function describeMessage(message: ReceivedMessage, signed: boolean): string[] {
  if (message.json === undefined) return [`not JSON: ${message.body.length} characters`];
  const { type, data } = (message.json ?? {}) as { type?: unknown; data?: Record<string, unknown> };
  const recording = data?.['recording'] as Record<string, unknown> | undefined;
  const lines = [
    `${textOf(type)}  ${textOf(recording?.['uuid'] ?? data?.['sink'] ?? data?.['source'])}`,
    ...(recording ? recordingLines(recording, data?.['previousStatus']) : operatorLines(data ?? {})),
    line('event', message.id === '' ? 'without webhook-id' : `${message.id}${arrivalOf(message)}`),
    line('signature', signed ? (message.problem ?? 'genuine') : 'not checked: no secret was given'),
  ];
  return lines.map(printable);
}

function recordingLines(recording: Record<string, unknown>, previousStatus: unknown): string[] {
  return [
    line('room', textOf(recording['roomId'])),
    line('meeting', textOf(recording['meetingId'])),
    line('recorded', textOf(recording['createdAt'])),
    line('status', `${textOf(previousStatus, 'first seen')} → ${textOf(recording['status'])}`),
    line('link', linkOf(recording)),
  ];
}

const OPERATOR_FACTS = ['reason', 'message', 'since', 'waiting', 'count'] as const;

/** What an event for operators has of these. */
function operatorLines(data: Record<string, unknown>): string[] {
  return OPERATOR_FACTS.filter((fact) => data[fact] !== undefined).map((fact) => line(fact, textOf(data[fact])));
}

function line(label: string, text: string): string {
  return `${label.padEnd(9)}  ${text}`;
}

function arrivalOf({ arrival }: ReceivedMessage): string {
  return arrival > 1 ? `, arrival ${arrival}` : '';
}

export function timeOf(ms: number): string {
  return new Date(ms).toTimeString().slice(0, 8);
}

function linkOf({ url, urlExpiresAt }: Record<string, unknown>): string {
  const parsed = typeof url === 'string' ? URL.parse(url) : null;
  if (parsed === null) return 'none';
  return `${parsed.origin}/…, works until ${textOf(urlExpiresAt, 'nobody knows when')}`;
}

function textOf(value: unknown, absent = '-'): string {
  return value === null || value === undefined ? absent : String(value);
}
