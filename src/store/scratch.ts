import type { Json, Store } from '../ports.js';
import { unlikeOf } from './unlike.js';

/** A store that reads through to another one and keeps what is written to itself: what would be, without its being so. */
export function openScratchStore(base: Store | undefined): Store {
  const written = new Map<string, Json>();
  const deleted = new Set<string>();

  async function getMany(keys: readonly string[]): Promise<ReadonlyMap<string, Json>> {
    const below = keys.filter((key) => !written.has(key) && !deleted.has(key));
    const rows = new Map(base === undefined ? [] : await base.getMany(below));
    for (const key of keys) {
      const value = written.get(key);
      if (value !== undefined) rows.set(key, value);
    }
    return rows;
  }

  async function* scan(prefix: string): AsyncGenerator<readonly [string, Json]> {
    for (const [key, value] of written) if (key.startsWith(prefix)) yield [key, value];
    if (base === undefined) return;
    for await (const [key, value] of base.scan(prefix)) if (!written.has(key) && !deleted.has(key)) yield [key, value];
  }

  function write(entries: readonly (readonly [string, Json])[]): void {
    for (const [key, value] of entries) {
      written.set(key, value);
      deleted.delete(key);
    }
  }

  function forget(keys: readonly string[]): void {
    for (const key of keys) {
      written.delete(key);
      deleted.add(key);
    }
  }

  return {
    label: base?.label ?? 'nothing',
    getMany,
    getUnlike: (keys, like) => unlikeOf(keys, like, getMany),
    setMany: async (entries) => write(entries),
    deleteMany: async (keys) => forget(keys),
    replaceMany: async (entries, gone) => {
      write(entries);
      forget(gone);
    },
    scan,
    close: async () => undefined,
  };
}
