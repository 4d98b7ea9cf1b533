import type { z } from 'zod';
import { type ArchivedFile, type ArchivedRecording, ArchiveError, type ArchiveTarget } from '../archive/define.js';
import type { Download } from '../archive/download.js';
import { archivePath, extensionOf } from '../archive/names.js';
import { createPace, type Pace, waitFor } from '../archive/pace.js';
import { type ArchivePlace, placeOf } from '../archive/place.js';
import { archiveSettings, readArchiveSettings } from '../archive/settings.js';
import { isRecordingEvent, type RecordingEvent } from '../core/event.js';
import type { FailureReason, Outcome } from '../core/failure.js';
import type { Clock, HttpClient } from '../ports.js';
import { defineSink, type SinkContext } from './define.js';
import { oneLine, sizeWords } from './text.js';

type Settings = z.output<typeof archiveSettings>;
type Context = SinkContext<Settings>;

const DETAIL_CHARACTERS_MAX = 300;
/** For what a download that was cut off has still to do. */
const CLOSE_MS_MAX = 5_000;

export const archive = defineSink({
  type: 'archive',
  summary: 'Stores each recording in a folder, or in S3-compatible storage.',
  settings: archiveSettings,
  example: 'to: ./archive\n',
  concurrency: 2,
  costs: 'much',
  timeout: '12h',
  needsUrl: true,
  archive: readArchiveSettings,
  writesTo: ({ to }) => (to.startsWith('s3://') ? undefined : to),
  render(event, { settings }) {
    if (!isRecordingEvent(event) || event.type !== 'recording.available') return [];
    const { to, template } = readArchiveSettings(settings);
    const { url } = event.data.recording;
    const path = archivePath(recordingOf(event), extensionOf(url), template);
    return [
      { name: 'file', content: `${to.replace(/\/$/, '')}/${path}` },
      { name: 'from', content: url ?? 'the URL that the source lists then' },
    ];
  },
  async deliver(event, context) {
    if (!isRecordingEvent(event) || event.type !== 'recording.available') {
      const detail = `${event.type} is nothing to archive; only recording.available is`;
      return { kind: 'failed', reason: 'rejected_by_receiver', detail };
    }
    return openedOf(context).during(async (place) => {
      try {
        await place.open();
        return await store(event, place, context);
      } catch (error) {
        if (error instanceof ArchiveError) return notTaken(error);
        throw error;
      }
    });
  },
  async connect(context) {
    const { target } = openedOf(context);
    try {
      await target.open();
      return undefined;
    } catch (error) {
      if (error instanceof ArchiveError) return oneLine(error.message, DETAIL_CHARACTERS_MAX);
      throw error;
    }
  },
  async close(settings) {
    const open = opened.get(settings);
    opened.delete(settings);
    await open?.close();
  },
});

/** What each sink keeps open, by its settings, which are one object for as long as it is what it is. */
const opened = new WeakMap<Settings, Opened>();

/** By the client, of which a program has one, and the name of the sink: downloads that began before a reload count for its rate as well. */
const paces = new WeakMap<HttpClient, Map<string, Pace>>();

function paceOf({ http, name, clock }: Context): Pace {
  const known = paces.get(http) ?? new Map<string, Pace>();
  paces.set(http, known);
  const pace = known.get(name) ?? createPace(clock);
  known.set(name, pace);
  return pace;
}

function openedOf(context: Context): Opened {
  const { settings, clock, random = () => 0 } = context;
  const known = opened.get(settings);
  if (known !== undefined) return known;
  let count = 0;
  function nonce(): string {
    count += 1;
    return `${Math.floor(random() * 2 ** 48).toString(36)}-${count}`;
  }
  const made = new Opened(
    placeOf(readArchiveSettings(settings), { clock, nonce, pace: paceOf(context), proxyFor: context.http.proxyFor }),
    clock,
  );
  opened.set(settings, made);
  return made;
}

/** An archive with the attempts that are at work on it. */
class Opened {
  readonly target: ArchiveTarget;
  readonly carry: ArchivePlace['carry'];
  readonly #clock: Clock;
  readonly #running = new Set<Promise<unknown>>();
  #opening: Promise<void> | undefined;

  constructor({ target, carry }: ArchivePlace, clock: Clock) {
    this.target = target;
    this.carry = carry;
    this.#clock = clock;
  }

  /** Once for all; a failed one is tried anew. */
  open(): Promise<void> {
    this.#opening ??= this.target.open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async during<Result>(attempt: (opened: Opened) => Promise<Result>): Promise<Result> {
    const running = attempt(this);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async close(): Promise<void> {
    const isOver = new AbortController();
    const ended = Promise.allSettled(this.#running).then(() => isOver.abort());
    await Promise.race([ended, waitFor(this.#clock, CLOSE_MS_MAX, isOver.signal)]);
    await this.target.close();
  }
}

async function store(event: RecordingEvent, { target, carry }: Opened, context: Context): Promise<Outcome> {
  const { recording, test } = event.data;
  if (test === true) return { kind: 'delivered', receipt: 'it can be written to; a sample is not stored' };
  const what = recordingOf(event);
  const found = await target.find(what);
  if (found !== undefined) return stored('there already', found, target);
  const { http, signal, urls } = context;
  const fresh = async (of: AbortSignal) => urls?.fresh(of);
  const got = await carry(what, { url: recording.url, givenBy: urls?.givenBy, fresh }, { http, signal });
  return got.kind === 'archived' ? stored('archived', got.file, target) : outcomeOf(got);
}

function recordingOf({ source, data }: RecordingEvent): ArchivedRecording {
  const { uuid, roomId, meetingId, createdAt } = data.recording;
  return { source, uuid, occurrence: data.occurrence, roomId, meetingId, createdAt };
}

function stored(how: string, file: ArchivedFile, target: ArchiveTarget): Outcome {
  const { bytes, sha256 } = file;
  return {
    kind: 'delivered',
    receipt: `${how}, ${sizeWords(bytes)}`,
    archived: { location: target.locationOf(file), bytes, sha256 },
  };
}

const REASONS = {
  timeout: 'timeout',
  dns_failed: 'dns_failed',
  connection_failed: 'connection_failed',
  tls_failed: 'tls_failed',
  address_forbidden: 'address_forbidden',
  aborted: 'stopped',
  no_url: 'no_url',
  url_refused: 'download_failed',
  bad_redirect: 'download_failed',
  rate_limited: 'rate_limited',
  server_error: 'server_error',
  bad_answer: 'bad_answer',
  not_a_recording: 'download_failed',
  wrong_length: 'download_failed',
  changed: 'download_failed',
  not_stored: 'archive_failed',
} as const satisfies Record<Extract<Download, { kind: 'failed' }>['reason'], FailureReason>;

function outcomeOf({ reason, detail, retryAfterMs, cause }: Extract<Download, { kind: 'failed' }>): Outcome {
  if (cause !== undefined) return notTaken(cause);
  return {
    kind: 'failed',
    reason: REASONS[reason],
    detail: oneLine(detail, DETAIL_CHARACTERS_MAX),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

const TARGET_REASONS = {
  no_space: 'archive_full',
  forbidden: 'archive_refused',
  unreachable: 'archive_failed',
  broken: 'archive_failed',
} as const satisfies Record<ArchiveError['kind'], FailureReason>;

function notTaken({ kind, message }: ArchiveError): Outcome {
  return { kind: 'failed', reason: TARGET_REASONS[kind], detail: oneLine(message, DETAIL_CHARACTERS_MAX) };
}
