import { createHash } from 'node:crypto';
import type { Clock } from '../ports.js';
import type { Distortion, NewRecording, RecordingChange } from './api-schema.js';

/** More rows than any test or demo asks for. */
const FAKE_RECORDINGS_MAX = 1_000_000;

/** Rooms are the customer's own free text, so one of them is odd. */
const ROOMS = ['lobby', 'stand-up', 'interview 7', 'Größe & <Maß> "#1" 🎬'] as const;

export interface FakeRow {
  readonly uuid: string;
  readonly roomId: string;
  readonly meetingId: string;
  readonly status: string;
  readonly createdAt: string;
  readonly distortion: Distortion;
}

export interface FakeRecordings {
  /** The uuid of the new row: the newest, in processing, unless it says otherwise. */
  add(recording?: NewRecording): string;
  setStatus(uuid: string, status: string): void;
  /** Every row with this uuid; throws when there is none. */
  update(uuid: string, change: RecordingChange): void;
  remove(uuid: string): void;
  /** As they are now, newest first. */
  rows(): readonly FakeRow[];
}

interface Entry {
  readonly row: FakeRow;
  readonly createdAtMs: number;
  /** When it becomes available by itself. */
  readonly availableAtMs: number;
  readonly hidden: boolean;
}

/** Two lives that run by themselves. Both are worked out when the list is read, so that nothing ticks. */
export interface FakeLife {
  /** From processing to available. */
  readonly lifeMs?: number | undefined;
  /** Between two recordings that are made by themselves. */
  readonly everyMs?: number | undefined;
}

export function createFakeRecordings(clock: Clock, { lifeMs, everyMs }: FakeLife): FakeRecordings {
  const startedAtMs = clock.nowMs();
  /** Oldest first, so that the newest is added at the end. */
  let entries: Entry[] = [];
  /** Kept until something changes, since a walk through a long list asks for it a thousand times. */
  let view: { readonly rows: readonly FakeRow[]; readonly untilMs: number } | undefined;
  let made = 0;
  let nextAtMs = startedAtMs + (everyMs ?? 0);

  return {
    add: (recording = {}) => add(recording, clock.nowMs()),
    setStatus: (uuid, status) => update(uuid, { status }),
    update,
    remove(uuid) {
      changeAll(uuid, () => undefined);
    },
    rows() {
      addDue();
      const nowMs = clock.nowMs();
      if (view === undefined || nowMs >= view.untilMs) view = viewAt(nowMs);
      return view.rows;
    },
  };

  function add(recording: NewRecording, nowMs: number): string {
    if (entries.length >= FAKE_RECORDINGS_MAX)
      throw new Error(`the fake API holds ${FAKE_RECORDINGS_MAX} rows at most`);
    made += 1;
    const entry = newEntry(recording, made, nowMs);
    // Of those made in the same millisecond, the one added last counts as the newest.
    const older = entries.findLastIndex(({ createdAtMs }) => createdAtMs <= entry.createdAtMs);
    entries.splice(older + 1, 0, entry);
    view = undefined;
    return entry.row.uuid;
  }

  function newEntry(recording: NewRecording, serial: number, nowMs: number): Entry {
    const { status = 'processing', createdAt = new Date(nowMs).toISOString(), overrides, omits } = recording;
    const ownLifeMs = recording.lifeMs === undefined ? lifeMs : recording.lifeMs;
    return {
      row: {
        uuid: recording.uuid ?? uuidOf(`${startedAtMs} ${serial}`),
        roomId: recording.roomId ?? ROOMS[serial % ROOMS.length] ?? ROOMS[0],
        meetingId: recording.meetingId ?? `meeting-${serial}`,
        status,
        createdAt,
        distortion: { overrides, omits },
      },
      createdAtMs: Date.parse(createdAt) || nowMs,
      availableAtMs:
        status === 'processing' ? nowMs + (ownLifeMs ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
      hidden: false,
    };
  }

  function update(uuid: string, { status, hidden, ...distortion }: RecordingChange): void {
    const nowMs = clock.nowMs();
    changeAll(uuid, (entry) => {
      const row = { ...rowAt(entry, nowMs), distortion: { ...entry.row.distortion, ...distortion } };
      return {
        ...entry,
        row: { ...row, status: status ?? row.status },
        hidden: hidden ?? entry.hidden,
        // A status set by hand stays until the next hand.
        availableAtMs: status === undefined ? entry.availableAtMs : Number.POSITIVE_INFINITY,
      };
    });
  }

  function changeAll(uuid: string, change: (entry: Entry) => Entry | undefined): void {
    if (!entries.some(({ row }) => row.uuid === uuid)) throw new Error(`the fake API has no recording ${uuid}`);
    entries = entries.flatMap((entry) => (entry.row.uuid === uuid ? (change(entry) ?? []) : entry));
    view = undefined;
  }

  function viewAt(nowMs: number) {
    const shown = entries.filter(({ hidden }) => !hidden).reverse();
    const dueMs = shown.map(({ availableAtMs }) => availableAtMs).filter((atMs) => atMs > nowMs);
    const untilMs = dueMs.reduce((earliest, atMs) => Math.min(earliest, atMs), Number.POSITIVE_INFINITY);
    return { rows: shown.map((entry) => rowAt(entry, nowMs)), untilMs };
  }

  function addDue(): void {
    if (everyMs === undefined) return;
    const nowMs = clock.nowMs();
    for (; nextAtMs <= nowMs && entries.length < FAKE_RECORDINGS_MAX; nextAtMs += Math.max(everyMs, 1)) {
      add({}, nextAtMs);
    }
  }
}

function rowAt({ row, availableAtMs }: Entry, nowMs: number): FakeRow {
  return nowMs >= availableAtMs ? { ...row, status: 'available' } : row;
}

/** The shape of a random UUID, from a text: a fake clock gives the same list each time, the real one another each time. */
function uuidOf(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
