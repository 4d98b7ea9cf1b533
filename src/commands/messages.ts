import type { ReceivedMessage } from '../fake/receiver.js';
import { printable } from '../observe/printable.js';

/** A webhook as it arrived, for a person to read. The link is shown by its host and its end only, since it is a credential. */
export function describeMessage(message: ReceivedMessage, signed: boolean): string[] {
  const { type, data } = (message.json ?? {}) as { type?: unknown; data?: Record<string, unknown> };
  const recording = (data?.['recording'] ?? {}) as Record<string, unknown>;
  const lines = [
    `${textOf(type)}  ${textOf(recording['uuid'])}`,
    `room       ${textOf(recording['roomId'])}`,
    `meeting    ${textOf(recording['meetingId'])}`,
    `recorded   ${textOf(recording['createdAt'])}`,
    `status     ${textOf(data?.['previousStatus'], 'first seen')} → ${textOf(recording['status'])}`,
    `link       ${linkOf(recording)}`,
    `event      ${message.id === '' ? 'without webhook-id' : message.id}${message.arrival > 1 ? `, arrival ${message.arrival}` : ''}`,
    `signature  ${signed ? (message.problem ?? 'genuine') : 'not checked: no secret was given'}`,
  ];
  return message.json === undefined ? [`not JSON: ${message.body.length} characters`] : lines.map(printable);
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
