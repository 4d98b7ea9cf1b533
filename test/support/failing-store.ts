import type { Json, Store } from '../../src/ports.js';
import { StoreError } from '../../src/store/errors.js';

export type StoreMethod = 'getMany' | 'getUnlike' | 'setMany' | 'deleteMany' | 'scan';

/** `before`: nothing was done · `after`: all was done, and then the answer was lost. */
export type StoreFault = 'before' | 'after';

export interface FailingStore extends Store {
  /** In their order, since the start or since it was last told to fail or to heal. */
  readonly operations: readonly StoreMethod[];
  /** What was written together. */
  readonly batches: readonly (readonly (readonly [key: string, value: Json])[])[];
  /** The n-th operation from now on fails, 1 or more; of one method only, if it is named. */
  fail(n: number, fault: StoreFault, method?: StoreMethod): void;
  /** The n-th operation from now on fails so, and whatever comes after it is not done: what the death of a process is to a store. */
  die(n: number, fault: StoreFault): void;
  /** From now on everything fails, or of one method everything. */
  failAlways(fault: StoreFault, method?: StoreMethod): void;
  heal(): void;
}

/** What becomes of the n-th operation; undefined: it works. */
type Plan = (n: number) => StoreFault | undefined;

/** A real store that a test lets fail. */
export function createFailingStore(store: Store): FailingStore {
  let plan: Plan = () => undefined;
  let planned: StoreMethod | undefined;
  let count = 0;
  const operations: StoreMethod[] = [];
  const batches: (readonly (readonly [string, Json])[])[] = [];

  /** The fault of this operation. */
  function note(method: StoreMethod): StoreFault | undefined {
    operations.push(method);
    if (planned !== undefined && planned !== method) return undefined;
    count += 1;
    return plan(count);
  }

  async function run<Result>(method: StoreMethod, operate: () => Promise<Result>): Promise<Result> {
    const fault = note(method);
    if (fault === 'before') throw failure();
    const result = await operate();
    if (fault === 'after') throw failure();
    return result;
  }

  function setPlan(next: Plan, method?: StoreMethod): void {
    plan = next;
    planned = method;
    count = 0;
    operations.length = 0;
  }

  return {
    label: store.label,
    operations,
    batches,
    getMany: (keys) => run('getMany', () => store.getMany(keys)),
    getUnlike: (keys, like) => run('getUnlike', () => store.getUnlike(keys, like)),
    setMany(entries) {
      if (entries.length > 0) batches.push(entries);
      return run('setMany', () => store.setMany(entries));
    },
    deleteMany: (keys) => run('deleteMany', () => store.deleteMany(keys)),
    // In two steps, as the storages do it that have no one write for both.
    async replaceMany(entries, gone) {
      await this.setMany(entries);
      if (gone.length > 0) await this.deleteMany(gone);
    },
    async *scan(prefix) {
      const fault = note('scan');
      if (fault === 'before') throw failure();
      yield* store.scan(prefix);
      if (fault === 'after') throw failure();
    },
    close: () => store.close(),
    fail: (n, fault, method) => setPlan((at) => (at === n ? fault : undefined), method),
    die: (n, fault) => setPlan((at) => (at === n ? fault : at > n ? 'before' : undefined)),
    failAlways: (fault, method) => setPlan(() => fault, method),
    heal: () => setPlan(() => undefined),
  };
}

function failure(): StoreError {
  return new StoreError('write', 'failing', 'as the test wants it');
}
