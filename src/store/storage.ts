/**
 * Texts under keys: what keyv calls a storage adapter, with everything that the wrapper relies on made mandatory. Keys are well-formed
 * Unicode. Every method throws when it could not do what was asked.
 */
export interface Storage {
  /** keyv iterates only over dialects that it knows; nothing else reads this. */
  readonly opts: { readonly dialect: string; readonly url: string };
  /** Written by keyv. The wrapper uses none: keys are stored as they are. */
  namespace?: string | undefined;
  get(key: string): Promise<string | undefined>;
  /** In the order of the keys. Without this method keyv would turn failures into "not there". */
  getMany(keys: readonly string[]): Promise<(string | undefined)[]>;
  /** Those of the keys whose text does not begin and end so. Of storages that need not give out the texts to tell. */
  getUnlike?(keys: readonly string[], head: string, tail: string): Promise<readonly string[]>;
  set(key: string, value: string): Promise<boolean>;
  /** All or nothing. True for each entry. */
  setMany(entries: readonly StorageEntry[]): Promise<boolean[]>;
  delete(key: string): Promise<boolean>;
  deleteMany(keys: readonly string[]): Promise<boolean>;
  /** Stores the entries and deletes the keys, all or nothing. Of storages to which one write costs less than two. */
  replaceMany?(entries: readonly StorageEntry[], gone: readonly string[]): Promise<void>;
  has(key: string): Promise<boolean>;
  clear(): Promise<void>;
  /** Entries whose keys start with the prefix. What is written meanwhile may or may not be among them. */
  iterator(prefix?: string): AsyncGenerator<[key: string, value: string], void>;
  disconnect(): Promise<void>;
  /** For storages that report some failures by an `error` event only. */
  on?(event: 'error', listener: (error: unknown) => void): unknown;
}

export interface StorageEntry {
  readonly key: string;
  readonly value: string;
}
