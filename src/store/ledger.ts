import type { AlarmRecord } from '../core/alarm-record.js';
import type { Delivery } from '../core/delivery.js';
import type { DeliveryId, RecordingUuid } from '../core/id.js';
import type { Pause } from '../core/pause.js';
import type { RecordingState } from '../core/recording.js';
import type { SinkState } from '../core/suspension.js';
import type { WalkMark } from '../core/walk-mark.js';
import { type Json, type Ledger, type RememberedRecording, STORE_BATCH_MAX, type Store } from '../ports.js';
import { decodeAlarm, encodeAlarm } from './alarm-records.js';
import {
  decodeDelivery,
  decodeSinkState,
  decodeSourceMark,
  decodeWalkMark,
  encodeDelivery,
  encodeSinkState,
  encodeSourceMark,
  encodeWalkMark,
} from './delivery-records.js';
import { keys, parseRecordingKey, prefixes } from './keys.js';
import { decodePause, decodeRecording, encodePause, encodeRecording, SETTLED_ENDS } from './records.js';

type Entry = readonly [key: string, value: Json];

/** What the engine keeps, on any store. */
export function createLedger(store: Store): Ledger {
  async function recordings(source: string, uuids: readonly RecordingUuid[]) {
    const states = new Map<RecordingUuid, RecordingState>();
    for (const some of batches(uuids)) {
      const keyOf = new Map(some.map((uuid) => [uuid, keys.recording(source, uuid)]));
      const rows = await store.getMany([...keyOf.values()]);
      for (const [uuid, key] of keyOf) {
        const value = rows.get(key);
        if (value !== undefined) states.set(uuid, decodeRecording(key, value));
      }
    }
    return states;
  }

  async function settled(source: string, uuids: readonly RecordingUuid[]) {
    const found = new Set<RecordingUuid>();
    for (const some of batches(uuids)) {
      const keyOf = new Map(some.map((uuid) => [uuid, keys.recording(source, uuid)]));
      const unlike = await store.getUnlike([...keyOf.values()], SETTLED_ENDS);
      for (const [uuid, key] of keyOf) if (!unlike.has(key)) found.add(uuid);
    }
    return found;
  }

  async function* allRecordings(source?: string): AsyncGenerator<RememberedRecording> {
    const prefix = source === undefined ? prefixes.recordings : prefixes.recordingsOf(source);
    for await (const [key, value] of store.scan(prefix)) {
      const of = parseRecordingKey(key);
      if (of !== undefined) yield { ...of, state: decodeRecording(key, value) };
    }
  }

  async function existing(ids: readonly DeliveryId[]) {
    const found = new Set<DeliveryId>();
    for (const some of batches(ids, STORE_BATCH_MAX / 2)) {
      const rows = await store.getMany(some.flatMap((id) => [keys.pending(id), keys.finished(id)]));
      for (const id of some) if (rows.has(keys.pending(id)) || rows.has(keys.finished(id))) found.add(id);
    }
    return found;
  }

  async function commit(
    deliveries: readonly Delivery[],
    remembered: readonly RememberedRecording[],
    walk?: { readonly source: string; readonly mark: WalkMark },
  ) {
    await store.setMany([
      ...deliveries.map((delivery): Entry => [keys.pending(delivery.id), encodeDelivery(delivery)]),
      ...remembered.map(({ source, uuid, state }): Entry => [keys.recording(source, uuid), encodeRecording(state)]),
      ...(walk === undefined ? [] : [[keys.walk(walk.source), encodeWalkMark(walk.mark)] as const]),
    ]);
  }

  /** A finished twin is written before the pending one is deleted, and the other way round: a crash leaves both, never none. */
  async function save(
    deliveries: readonly Delivery[],
    sinks: ReadonlyMap<string, SinkState> = new Map(),
    alarms: readonly AlarmRecord[] = [],
  ) {
    const entries = [
      ...deliveries.map((delivery): Entry => [placeOf(delivery), encodeDelivery(delivery)]),
      ...[...sinks].map(([name, state]): Entry => [keys.sink(name), encodeSinkState(state)]),
      ...alarms.map((record): Entry => [keys.alarm(record.kind, record.name), encodeAlarm(record)]),
    ];
    const leftovers = deliveries
      .filter((delivery) => isFinished(delivery) || delivery.round > 0)
      .map((delivery) => (isFinished(delivery) ? keys.pending(delivery.id) : keys.finished(delivery.id)));
    // Written as over before that, in the write that tells it.
    const over = alarms.filter(({ alarm }) => alarm === null).map(({ kind, name }) => keys.alarm(kind, name));
    const gone = [...leftovers, ...over];
    if (entries.length + gone.length <= STORE_BATCH_MAX) return store.replaceMany(entries, gone);
    for (const some of batches(entries)) await store.setMany(some);
    for (const some of batches(gone)) await store.deleteMany(some);
  }

  async function deliveries(ids: readonly DeliveryId[]): Promise<readonly Delivery[]> {
    const found: Delivery[] = [];
    for (const some of batches(ids, STORE_BATCH_MAX / 2)) {
      const rows = await store.getMany(some.flatMap((id) => [keys.pending(id), keys.finished(id)]));
      found.push(...some.flatMap((id) => deliveryIn(rows, id) ?? []));
    }
    return found;
  }

  function deliveryIn(rows: ReadonlyMap<string, Json>, id: DeliveryId): Delivery | undefined {
    const [pendingKey, finishedKey] = [keys.pending(id), keys.finished(id)];
    const [pendingRow, finishedRow] = [rows.get(pendingKey), rows.get(finishedKey)];
    const pendingOne = pendingRow === undefined ? undefined : decodeDelivery(pendingKey, pendingRow);
    const finishedOne = finishedRow === undefined ? undefined : decodeDelivery(finishedKey, finishedRow);
    return isLeftover(pendingOne, finishedOne) ? finishedOne : (pendingOne ?? finishedOne);
  }

  async function* pending(): AsyncGenerator<Delivery> {
    for await (const { one, twin } of pendingTwins()) if (!isLeftover(one, twin)) yield one;
  }

  /** A leftover must not outlive its twin, which is forgotten one day: it would be taken for a delivery that waits. */
  async function tidy() {
    const leftovers: string[] = [];
    for await (const { one, twin } of pendingTwins()) {
      if (twin === undefined) continue;
      leftovers.push(isLeftover(one, twin) ? keys.pending(one.id) : keys.finished(one.id));
    }
    for (const some of batches(leftovers)) await store.deleteMany(some);
  }

  async function* pendingTwins() {
    for await (const some of inBatches(store.scan(prefixes.pending))) {
      const found = some.map(([key, value]) => decodeDelivery(key, value));
      const twins = await store.getMany(found.map(({ id }) => keys.finished(id)));
      for (const one of found) {
        const key = keys.finished(one.id);
        const twin = twins.get(key);
        yield { one, twin: twin === undefined ? undefined : decodeDelivery(key, twin) };
      }
    }
  }

  async function* finished(): AsyncGenerator<Delivery> {
    for await (const [key, value] of store.scan(prefixes.finished)) yield decodeDelivery(key, value);
  }

  async function sinkStates() {
    const states = new Map<string, SinkState>();
    for await (const [key, value] of store.scan(prefixes.sinks)) {
      states.set(key.slice(prefixes.sinks.length), decodeSinkState(key, value));
    }
    return states;
  }

  async function alarms() {
    const records: AlarmRecord[] = [];
    for await (const [key, value] of store.scan(prefixes.alarms)) records.push(decodeAlarm(key, value));
    return records;
  }

  async function pauses() {
    const found: Pause[] = [];
    for await (const [key, value] of store.scan(prefixes.pauses)) found.push(decodePause(key, value));
    return found;
  }

  return {
    sourceMark: async (source) => {
      const key = keys.source(source);
      const value = (await store.getMany([key])).get(key);
      return value === undefined ? undefined : decodeSourceMark(key, value);
    },
    walkMark: async (source) => {
      const key = keys.walk(source);
      const value = (await store.getMany([key])).get(key);
      return value === undefined ? undefined : decodeWalkMark(key, value);
    },
    markWalk: (source, mark) => store.setMany([[keys.walk(source), encodeWalkMark(mark)]]),
    markSource: (source, mark) => store.setMany([[keys.source(source), encodeSourceMark(mark)]]),
    recordings,
    settled,
    allRecordings,
    existing,
    commit,
    save,
    delivery: async (id) => (await deliveries([id]))[0],
    deliveries,
    pending,
    finished,
    forget: async (ids) => {
      for (const some of batches(ids)) await store.deleteMany(some.map((id) => keys.finished(id)));
    },
    remove: async (ids) => {
      const gone = ids.flatMap((id) => [keys.pending(id), keys.finished(id)]);
      for (const some of batches(gone)) await store.deleteMany(some);
    },
    tidy,
    sinkStates,
    alarms,
    pauses,
    storePause: (pause) => store.setMany([[keys.paused(pause), encodePause(pause)]]),
    forgetPause: (of) => store.deleteMany([keys.paused(of)]),
  };
}

function placeOf(delivery: Delivery): string {
  return isFinished(delivery) ? keys.finished(delivery.id) : keys.pending(delivery.id);
}

function isFinished({ state }: Delivery): boolean {
  return state === 'delivered' || state === 'dead';
}

/** The process died between the write of the finished twin and the deletion of the pending one. A higher round was asked for later. */
function isLeftover(pending: Delivery | undefined, finished: Delivery | undefined): boolean {
  return pending !== undefined && finished !== undefined && finished.round >= pending.round;
}

function* batches<Item>(items: readonly Item[], size = STORE_BATCH_MAX): Generator<readonly Item[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}

async function* inBatches<Item>(items: AsyncIterable<Item>): AsyncGenerator<readonly Item[]> {
  let batch: Item[] = [];
  for await (const item of items) {
    if (batch.push(item) < STORE_BATCH_MAX / 2) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
