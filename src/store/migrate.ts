import assert from 'node:assert/strict';
import { type Json, STORE_BATCH_MAX, type Store } from '../ports.js';
import type { Migration, StoreFormat } from './format.js';
import { keys } from './keys.js';
import { encodeMeta, type Meta } from './records.js';

export interface Migrated {
  readonly from: number;
  readonly to: number;
  /** Where the copy of what was before is. */
  readonly copy: string;
}

/** What one entry may become. */
const ENTRIES_MAX = 100;
/** Those of the store itself, which every version reads. */
const OWN_KEYS: ReadonlySet<string> = new Set([keys.meta, keys.owner]);

/**
 * Brings a store up to the format, in bounded batches. Undefined when it is there already.
 *
 * The copy is complete before anything changes, and the store says that it is of the new version, and half way, before the first entry
 * does: after a crash this begins again with the step that was under way, and no older program takes the store for its own.
 *
 * @param keepCopy makes a copy of a store of this version, and says where it is
 */
export async function migrate(
  store: Store,
  meta: Meta,
  format: StoreFormat,
  keepCopy: (version: number) => Promise<string>,
): Promise<Migrated | undefined> {
  const { createdAtMs } = meta;
  const { version } = format;
  const from = meta.migration?.from ?? meta.version;
  if (from === version) return undefined;
  const copy = meta.migration?.copy ?? (await keepCopy(from));
  const mark = (reached: number) =>
    store.setMany([
      [
        keys.meta,
        encodeMeta({ version, createdAtMs, migration: reached < version ? { from: reached, copy } : undefined }),
      ],
    ]);
  await mark(from);
  for (let reached = from; reached < version; reached += 1) {
    const step = format.migrations[reached - 1];
    assert(step?.from === reached && step.to === reached + 1, `there is a migration from version ${reached}`);
    await take(step, store);
    await mark(step.to);
  }
  return { from, to: version, copy };
}

/** New entries are written before the old ones are deleted: a crash leaves both, and both become the same again. */
async function take(step: Migration, store: Store): Promise<void> {
  let written: (readonly [string, Json])[] = [];
  let gone: string[] = [];
  async function flush(): Promise<void> {
    await store.setMany(written);
    await store.deleteMany(gone);
    [written, gone] = [[], []];
  }
  for await (const [key, value] of store.scan('')) {
    const entries = OWN_KEYS.has(key) ? undefined : step.change(key, value);
    if (entries === undefined) continue;
    assert(entries.length <= ENTRIES_MAX, `an entry becomes ${ENTRIES_MAX} at most`);
    for (const [newKey, newValue] of entries)
      assert(step.change(newKey, newValue) === undefined, 'a migration leaves alone what it has made');
    if (written.length + entries.length > STORE_BATCH_MAX || gone.length === STORE_BATCH_MAX) await flush();
    written.push(...entries);
    if (!entries.some(([newKey]) => newKey === key)) gone.push(key);
  }
  await flush();
}
