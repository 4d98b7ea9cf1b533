import { createHmac } from 'node:crypto';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { Pool } from 'undici';
import { eventOf, type RecordingEvent, withUrl } from '../../src/core/event.js';
import { messageOf } from '../../src/sinks/email-message.js';
import { emailSettings } from '../../src/sinks/email-settings.js';
import { contentOf } from '../../src/sinks/webhook-format.js';
import { readRows } from '../../src/source/schema.js';
import { sha256 } from '../../src/system.js';
import { type Cost, costOf } from './measure.js';
import { serve } from './serve.js';
import { IN_FLIGHT, MAIL_TO, SIGNING_SECRET, type SinkKind, sinkTo } from './sink.js';

/** Sends the same, and remembers nothing. */

const PAGE_SIZE = 100;
const KEY = Buffer.from(SIGNING_SECRET.slice('whsec_'.length), 'base64');

let kind: SinkKind;
let api: Pool;
let listPath: string;
let send: (event: RecordingEvent) => () => Promise<void>;

export const bareSenderDeeds = serve({
  open(apiUrl: string, toKind: SinkKind, url: string): void {
    const list = new URL(`${apiUrl}/recording`);
    [kind, api, listPath] = [toKind, new Pool(list.origin), list.pathname];
    send = kind === 'webhook' ? hookSender(url) : mailSender(url);
  },
  /** What is sent is made before it counts: it is the loop that is measured. */
  async drain(count: number): Promise<Cost> {
    const sends = (await newest(count)).map(send);
    return costOf(() => inFlight(sends));
  },
  async tell(count: number): Promise<number> {
    const listed = await fetchRows(1, count);
    const toldMs = performance.now();
    await inFlight(eventsOf(listed).map(send));
    return performance.now() - toldMs;
  },
});

async function newest(count: number): Promise<readonly RecordingEvent[]> {
  const events: RecordingEvent[] = [];
  for (let page = 1; events.length < count; page += 1) events.push(...eventsOf(await fetchRows(page, PAGE_SIZE)));
  return events.slice(0, count);
}

async function fetchRows(page: number, size: number): Promise<readonly unknown[]> {
  const path = `${listPath}?page=${page}&take=${size}`;
  const headers = { accept: 'application/json', client_id: 'client', secret: 'secret' };
  const { body } = await api.request({ method: 'GET', path, headers });
  return (JSON.parse(await body.text()) as { readonly data: readonly unknown[] }).data;
}

function eventsOf(rows: readonly unknown[]): readonly RecordingEvent[] {
  return readRows(rows).recordings.map((recording) => {
    const change = { type: 'recording.available', recording, previousStatus: null, occurrence: 1 } as const;
    const stored = eventOf(sha256, 'main', change, Date.now());
    return withUrl(stored, { url: recording.url, expiresAtMs: null });
  });
}

async function inFlight(sends: readonly (() => Promise<void>)[]): Promise<void> {
  let next = 0;
  async function work(): Promise<void> {
    for (let one = sends[next++]; one !== undefined; one = sends[next++]) await one();
  }
  await Promise.all(Array.from({ length: IN_FLIGHT[kind] }, work));
}

function hookSender(url: string): typeof send {
  const { origin, pathname: path } = new URL(url);
  const pool = new Pool(origin, { connections: IN_FLIGHT.webhook });
  return (event) => {
    const content = contentOf(event, { format: 'standard' });
    return async () => {
      const seconds = String(Math.floor(Date.now() / 1_000));
      const signature = createHmac('sha256', KEY).update(`${event.id}.${seconds}.${content.body}`).digest('base64');
      const headers = {
        'content-type': content.contentType,
        'webhook-id': event.id,
        'webhook-timestamp': seconds,
        'webhook-signature': `v1,${signature}`,
      };
      const { statusCode, body } = await pool.request({ method: 'POST', path, headers, body: content.body });
      await body.dump();
      if (statusCode !== 204) throw new Error(`status ${statusCode}`);
    };
  };
}

function mailSender(url: string): typeof send {
  const { type: _, concurrency: __, ...written } = sinkTo('email', url) as Record<string, unknown>;
  const settings = emailSettings.parse(written);
  const { hostname: host, port } = new URL(url);
  const pool = createTransport({
    pool: true,
    host,
    port: Number(port),
    ignoreTLS: true,
    maxConnections: 3,
    maxMessages: Number.POSITIVE_INFINITY,
  });
  return (event) => {
    const message: SendMailOptions = { ...messageOf(event, 'out', settings, Date.now(), 'UTC'), to: MAIL_TO };
    return async () => void (await pool.sendMail(message));
  };
}
