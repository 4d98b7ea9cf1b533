import type { SinkAlarm, SourceAlarm } from '../core/alarm.js';
import type { DeadAlarm } from '../core/alarm-dead.js';
import { type AlarmRecord, afterTold, inDoubt, signatureOf } from '../core/alarm-record.js';

/** The alarms as they are, beside what the store has of them. One record at most for each source and sink and kind. */
export class AlarmBook {
  readonly #records = new Map<string, AlarmRecord>();
  /** Signatures. */
  readonly #stored = new Map<string, string>();

  load(records: readonly AlarmRecord[]): void {
    this.#records.clear();
    this.#stored.clear();
    for (const record of records) {
      this.set(record);
      this.#stored.set(alarmKey(record), signatureOf(record));
    }
  }

  /** Ends without a word what is not kept. */
  keep(isKept: (record: AlarmRecord) => boolean): void {
    for (const [key, record] of this.#records) if (!isKept(record)) this.#records.delete(key);
  }

  source(name: string): SourceAlarm | null {
    return this.#get('source', name)?.alarm ?? null;
  }

  sink(name: string): SinkAlarm | null {
    return this.#get('sink', name)?.alarm ?? null;
  }

  dead(name: string): DeadAlarm | null {
    return this.#get('dead', name)?.alarm ?? null;
  }

  /** With an alarm of null it is over. */
  set(record: AlarmRecord): void {
    if (record.alarm === null) this.#records.delete(alarmKey(record));
    else this.#records.set(alarmKey(record), record);
  }

  /** Everything that there may be something to tell of. A credential is so before anything is known of it. */
  candidates(sources: readonly string[]): AlarmRecord[] {
    const unwarned = sources
      .filter((name) => this.#get('expiry', name) === undefined)
      .map((name): AlarmRecord => ({ kind: 'expiry', name, alarm: null }));
    return [...this.#records.values(), ...unwarned];
  }

  /** What the store has otherwise. */
  changed(): AlarmRecord[] {
    const records = [...this.#records.values()].filter(
      (record) => this.#stored.get(alarmKey(record)) !== signatureOf(record),
    );
    const gone = [...this.#stored.keys()].filter((key) => !this.#records.has(key)).map(goneOf);
    return [...records, ...gone];
  }

  /** It is about to be written as told. Of what is dead only the store's word counts: a write that fails is made of it again. */
  doubt(record: AlarmRecord): void {
    if (record.kind !== 'dead' && this.#records.has(alarmKey(record))) this.set(inDoubt(record));
  }

  /** The store has this now. What is dead is known only by then: before, it may yet be written again. */
  noteStored(written: AlarmRecord): void {
    if (written.kind === 'dead') this.set(written);
    if (written.alarm === null) this.#stored.delete(alarmKey(written));
    else this.#stored.set(alarmKey(written), signatureOf(written));
  }

  /** What was told of `before` is stored as `written`; it may have changed meanwhile. */
  noteTold(before: AlarmRecord, written: AlarmRecord, nowMs: number): void {
    this.noteStored(written);
    const current = this.#records.get(alarmKey(before));
    const isFollowed = before.kind === 'source' || before.kind === 'sink';
    // One that went with its sink meanwhile stays away.
    if (current !== undefined || !isFollowed) this.set(afterTold(before, written, current ?? written, nowMs));
  }

  #get<Kind extends AlarmRecord['kind']>(kind: Kind, name: string) {
    return this.#records.get(alarmKey({ kind, name })) as (AlarmRecord & { readonly kind: Kind }) | undefined;
  }
}

export function alarmKey({ kind, name }: Pick<AlarmRecord, 'kind' | 'name'>): string {
  return `${kind}/${name}`;
}

function goneOf(key: string): AlarmRecord {
  const [kind, name] = key.split('/') as [AlarmRecord['kind'], string];
  return { kind, name, alarm: null };
}
