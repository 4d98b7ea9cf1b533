import { type Json, STORE_BATCH_MAX, type Store } from '../../src/ports.js';
import { StoreError } from '../../src/store/errors.js';
import { unlikeOf } from '../../src/store/unlike.js';
import type { Dice } from './dice.js';
import { type Life, never } from './life.js';
import type { Tally } from './tally.js';
import type { SimTime } from './time.js';

export interface StoreManners {
  /** Of operations that fail, half of them after they were done. */
  readonly failing: number;
  /** Of operations that take seconds. */
  readonly slow: number;
}

/** Looks at the store from outside. `text` is undefined when the key was deleted. */
export type StoreWatcher = (key: string, text: string | undefined) => void;

export type Say = ((actor: string, what: () => string) => void) | undefined;

/** What outlives every process: texts under keys. Each process sees it through a {@link Store} of its own. */
export class SimStore {
  /** By what is before the first slash of their keys, as every scan asks for it. */
  readonly #shelves = new Map<string, Map<string, string>>();
  readonly #time: SimTime;
  readonly #dice: Dice;
  readonly #tally: Tally;
  readonly #watch: StoreWatcher;
  readonly #say: Say;
  readonly #held = new Set<string>();
  manners: StoreManners;
  outUntilMs = 0;
  /** When something was last unusual. */
  troubledAtMs = 0;

  constructor(world: {
    readonly time: SimTime;
    readonly dice: Dice;
    readonly tally: Tally;
    readonly say: Say;
    readonly manners: StoreManners;
    readonly watch: StoreWatcher;
  }) {
    this.#time = world.time;
    this.#dice = world.dice.fork('store');
    this.#tally = world.tally;
    this.#watch = world.watch;
    this.#say = world.say;
    this.manners = world.manners;
  }

  /** Deliveries that are to go; those that are held wait for somebody's decision. */
  get pending(): number {
    return this.count('out') - this.#held.size;
  }

  get held(): readonly string[] {
    return [...this.#held];
  }

  /** Ids of deliveries that are not finished, held ones among them. */
  get outbox(): readonly string[] {
    return [...this.#shelf('out').keys()].map((key) => key.slice('out/'.length));
  }

  get shelves(): readonly string[] {
    return [...this.#shelves.keys()];
  }

  count(shelf: string): number {
    return this.#shelf(shelf).size;
  }

  get dead(): number {
    return this.#shelf('fin')
      .values()
      .filter((text) => text.includes('"state":"dead"'))
      .toArray().length;
  }

  #shelf(key: string): Map<string, string> {
    const end = key.indexOf('/');
    const name = end < 0 ? key : key.slice(0, end);
    let shelf = this.#shelves.get(name);
    if (shelf === undefined) {
      shelf = new Map();
      this.#shelves.set(name, shelf);
    }
    return shelf;
  }

  openFor(life: Life): Store {
    const store = this;
    return {
      label: 'simulated',
      getMany: (keys) => this.#operate(life, 'read', keys, () => this.#read(keys)),
      getUnlike: (keys, like) => unlikeOf(keys, like, (all) => this.#operate(life, 'read', all, () => this.#read(all))),
      setMany: (entries) => {
        const texts = entries.map(([key, value]) => [key, JSON.stringify(value)] as const);
        const keys = entries.map(([key]) => key);
        if (new Set(keys).size < keys.length) throw new Error(`a write names a key twice: ${keys}`);
        return entries.length === 0 ? done() : this.#operate(life, 'write', keys, () => this.#write(texts));
      },
      deleteMany: (keys) =>
        keys.length === 0 ? done() : this.#operate(life, 'delete', keys, () => this.#delete(keys)),
      // Some storages have one write for both, some have not.
      async replaceMany(entries, gone) {
        if (gone.length === 0 || store.#dice.chance(0.5)) {
          await this.setMany(entries);
          return this.deleteMany(gone);
        }
        const texts = entries.map(([key, value]) => [key, JSON.stringify(value)] as const);
        await store.#operate(life, 'write', [...entries.map(([key]) => key), ...gone], () => {
          store.#write(texts);
          store.#delete(gone);
        });
      },
      async *scan(prefix) {
        // As of its beginning, in two parts, of which the second may fail.
        const found = await store.#operate(life, 'scan', [prefix], () => store.#find(prefix));
        const half = found.length >> 1;
        for (const [key, text] of found.slice(0, half)) yield [key, JSON.parse(text) as Json] as const;
        await store.#operate(life, 'scan', [prefix], () => undefined);
        for (const [key, text] of found.slice(half)) yield [key, JSON.parse(text) as Json] as const;
      },
      close: done,
    };
  }

  /** Takes a drawn time, is done at its beginning or at its end, and may fail before or after that, or in its middle with its process. */
  #operate<Result>(life: Life, what: string, keys: readonly string[], run: () => Result): Promise<Result> {
    if (keys.length > STORE_BATCH_MAX) throw new Error('a batch is too large');
    const dice = this.#dice;
    const act = life.act(what === 'write' || what === 'delete' ? 'write' : 'read', () => {
      const isDone = dice.chance(0.5);
      this.#say?.('store', () => `${what} ${keys.join(' ')}: the process dies, and it is ${isDone ? '' : 'not '}done`);
      if (isDone) run();
    });
    if (act !== 'lives') return never();
    const fault = this.#drawFault();
    const isSlow = dice.chance(this.manners.slow);
    if (isSlow) this.troubledAtMs = this.#time.passedMs + 5_000;
    const delayMs = isSlow ? dice.int(100, 4_000) : dice.int(0, 3);
    const isEarly = dice.chance(0.5);
    if (fault !== undefined) {
      this.#tally.add('store failures');
      this.#say?.('store', () => `${what} ${keys.join(' ')}: fails ${fault} it is done`);
    }
    return new Promise((resolve, reject) => {
      const isDone = fault !== 'before';
      const early = isEarly && isDone ? [run()] : undefined;
      life.after(delayMs, () => {
        const [result] = early ?? (isDone ? [run()] : []);
        if (fault === undefined) resolve(result as Result);
        else reject(new StoreError('write', 'simulated', `failed ${fault} it was done`));
      });
    });
  }

  #drawFault(): 'before' | 'after' | undefined {
    const isOut = this.#time.passedMs < this.outUntilMs;
    if (!isOut && !this.#dice.chance(this.manners.failing)) return undefined;
    this.troubledAtMs = this.#time.passedMs;
    return this.#dice.chance(isOut ? 0.1 : 0.5) ? 'after' : 'before';
  }

  #read(keys: readonly string[]): ReadonlyMap<string, Json> {
    const found = new Map<string, Json>();
    for (const key of keys) {
      const text = this.#shelf(key).get(key);
      if (text !== undefined) found.set(key, JSON.parse(text));
    }
    return found;
  }

  #find(prefix: string): [string, string][] {
    return [...this.#shelf(prefix)].filter(([key]) => key.startsWith(prefix));
  }

  #write(texts: readonly (readonly [string, string])[]): void {
    this.#say?.('store', () => `has ${texts.map(([key, text]) => `${key} ${short(text)}`).join(', ')}`);
    for (const [key, text] of texts) {
      this.#shelf(key).set(key, text);
      if (key.startsWith('out/') && text.includes('"state":"held"')) this.#held.add(key);
      else this.#held.delete(key);
    }
    for (const [key, text] of texts) this.#watch(key, text);
  }

  #delete(keys: readonly string[]): void {
    this.#say?.('store', () => `forgets ${keys.join(', ')}`);
    for (const key of keys) {
      this.#shelf(key).delete(key);
      this.#held.delete(key);
    }
    for (const key of keys) this.#watch(key, undefined);
  }
}

/** Records of deliveries are long, and what changes of them is their state. */
function short(text: string): string {
  return /"state":"\w+"/.exec(text)?.[0] ?? text;
}

async function done(): Promise<void> {}
