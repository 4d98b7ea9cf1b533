import fc from 'fast-check';
import type { RecordingUuid } from '../../src/core/id.js';
import { type Json, STORE_BATCH_MAX, type Store } from '../../src/ports.js';
import { StoreError } from '../../src/store/errors.js';
import { keys, parseRecordingKey, prefixes } from '../../src/store/keys.js';
import { collect } from '../support/collect.js';

/** Texts that have broken somebody's store before. */
const ADVERSARIAL = [
  '/',
  '//',
  '%',
  '%2f',
  '_',
  '*',
  '?',
  '[a]',
  "'",
  '"',
  '\\',
  ' ',
  '\n',
  '\0',
  'a\0b',
  '__proto__',
  'meta',
].concat([
  'constructor',
  'é',
  'e\u0301',
  '\uffff',
  '\ud7ff',
  '😀',
  '\ud800',
  '\udc00',
  '%d800',
  'keyv:a',
  'x'.repeat(200),
]);

/** What every store is held to. `open` gives a new, empty one. */
export function describeStore(name: string, open: () => Promise<Store>): void {
  describe(`the store ${name}`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    test('gives what was stored, and nothing for what was not', async () => {
      await store.setMany([
        ['a', 1],
        ['b', null],
        ['c', false],
        ['d', ''],
        ['e', []],
      ]);
      const found = await store.getMany(['e', 'd', 'c', 'b', 'a', 'missing']);
      expect(Object.fromEntries(found)).toEqual({ a: 1, b: null, c: false, d: '', e: [] });
    });

    test('keeps the last value', async () => {
      await store.setMany([['a', 1]]);
      await store.setMany([['a', 2]]);
      expect((await store.getMany(['a'])).get('a')).toBe(2);
    });

    test('keeps every value that JSON can hold', async () => {
      await fc.assert(
        fc.asyncProperty(fc.jsonValue(), async (value) => {
          await store.setMany([['a', value as Json]]);
          expect((await store.getMany(['a'])).get('a')).toEqual(JSON.parse(JSON.stringify(value)));
        }),
        { numRuns: 50 },
      );
    });

    test('does nothing for empty batches', async () => {
      await store.setMany([]);
      await store.deleteMany([]);
      expect((await store.getMany([])).size).toBe(0);
    });

    test('takes the largest batch, and no larger one', async () => {
      const batch = numbered(STORE_BATCH_MAX);
      const names = batch.map(([key]) => key);
      await store.setMany(batch);
      expect([...(await store.getMany(names))]).toEqual(batch);
      await store.deleteMany(names);
      expect((await store.getMany(names)).size).toBe(0);

      const larger = numbered(STORE_BATCH_MAX + 1);
      await expect(store.setMany(larger)).rejects.toThrow('1000 keys at most');
      await expect(store.getMany(larger.map(([key]) => key))).rejects.toThrow('1000 keys at most');
      await expect(store.deleteMany(larger.map(([key]) => key))).rejects.toThrow('1000 keys at most');
    });

    test('refuses a batch that names a key twice, and a key that is not Unicode', async () => {
      await expect(
        store.setMany([
          ['a', 1],
          ['a', 2],
        ]),
      ).rejects.toThrow('no key twice');
      await expect(store.setMany([['\ud800', 1]])).rejects.toThrow('well-formed');
      await expect(store.getMany(['\ud800'])).rejects.toThrow('well-formed');
    });

    test('stores all of a batch or nothing', async () => {
      await store.setMany([['a', 1]]);
      const unserializable = 1n as unknown as Json;
      await expect(
        store.setMany([
          ['a', 2],
          ['b', 2],
          ['c', unserializable],
        ]),
      ).rejects.toThrow(StoreError);
      expect(Object.fromEntries(await store.getMany(['a', 'b', 'c']))).toEqual({ a: 1 });
    });

    test('tells which values are no list that begins and ends as expected', async () => {
      const rows: Record<string, Json> = {
        like: [1, 'a"\u0000é😀', 'between', 0],
        'like, with much between': [1, 'a"\u0000é😀', ['x,0]'], { 0: 0 }, null, 0],
        'another beginning': [1, 'a"\u0000é😀 and more', 'between', 0],
        'another version': [2, 'a"\u0000é😀', 'between', 0],
        'another end': [1, 'a"\u0000é😀', 'between', 10],
        'an end in a text': [1, 'a"\u0000é😀', ',0]}'],
        'nothing between': [1, 'a"\u0000é😀'],
        'no list': { value: [1, 'a"\u0000é😀', 'between', 0] },
        null: null,
      };
      await store.setMany(Object.entries(rows));
      const asked = [...Object.keys(rows), 'missing'];
      const unlike = await store.getUnlike(asked, { first: [1, 'a"\u0000é😀'], last: 0 });
      expect([...unlike].sort()).toEqual(asked.filter((key) => !key.startsWith('like')).sort());
      expect((await store.getUnlike([], { first: [1], last: 0 })).size).toBe(0);
      const many = numbered(STORE_BATCH_MAX + 1).map(([key]) => key);
      await expect(store.getUnlike(many, { first: [1], last: 0 })).rejects.toThrow('1000 keys at most');
    });

    test('replaces: what is stored and what is gone are one change', async () => {
      await store.setMany(numbered(3));
      await store.replaceMany(
        [
          ['n/0000', 'new'],
          ['both', 1],
        ],
        ['n/0001', 'both', 'missing'],
      );
      expect(await collect(store.scan('n/'))).toEqual(
        expect.arrayContaining([
          ['n/0000', 'new'],
          ['n/0002', 2],
        ]),
      );
      expect((await store.getMany(['n/0001', 'both'])).size).toBe(0);
      await store.replaceMany([], ['n/0002']);
      await store.replaceMany([['n/0003', 3]], []);
      expect((await collect(store.scan('n/'))).map(([key]) => key).sort()).toEqual(['n/0000', 'n/0003']);
    });

    test('replaces nothing where a part of it cannot be stored', async () => {
      await store.setMany(numbered(2));
      const unserializable = 1n as unknown as Json;
      await expect(store.replaceMany([['n/0000', unserializable]], ['n/0001'])).rejects.toThrow(StoreError);
      expect(new Map(await collect(store.scan('n/')))).toEqual(new Map(numbered(2)));
      const twice = [
        ['a', 1],
        ['a', 2],
      ] as const;
      await expect(store.replaceMany(twice, ['n/0001'])).rejects.toThrow('no key twice');
      const many = numbered(STORE_BATCH_MAX + 1).map(([key]) => key);
      await expect(store.replaceMany([], many)).rejects.toThrow('1000 keys at most');
      expect(new Map(await collect(store.scan('n/')))).toEqual(new Map(numbered(2)));
    });

    test('is not changed by what happens to a value afterwards', async () => {
      const value = { list: [1] };
      const writing = store.setMany([['a', value]]);
      value.list.push(2);
      await writing;
      const read = (await store.getMany(['a'])).get('a') as { list: number[] };
      expect(read).toEqual({ list: [1] });
      read.list.push(3);
      expect((await store.getMany(['a'])).get('a')).toEqual({ list: [1] });
    });

    test('keeps a value of a megabyte', async () => {
      const value = 'é😀\0x'.repeat(200_000);
      await store.setMany([['a', value]]);
      expect((await store.getMany(['a'])).get('a')).toBe(value);
      expect(await collect(store.scan('a'))).toEqual([['a', value]]);
    });

    test('deletes what is there, and does not mind what is not', async () => {
      await store.setMany([
        ['a', 1],
        ['b', 2],
      ]);
      await store.deleteMany(['a', 'missing']);
      expect(Object.fromEntries(await store.getMany(['a', 'b']))).toEqual({ b: 2 });
    });

    test('keeps apart recordings of every name', async () => {
      const entries = ADVERSARIAL.flatMap((uuid, index): [string, Json][] => [
        [keys.recording('a', uuid as RecordingUuid), index],
        [keys.recording('ab', uuid as RecordingUuid), `${index} of another source`],
      ]);
      await store.setMany(entries);
      expect([...(await store.getMany(entries.map(([key]) => key)))]).toEqual(entries);

      const scanned = await collect(store.scan(prefixes.recordingsOf('a')));
      const byUuid = new Map(scanned.map(([key, value]) => [parseRecordingKey(key)?.uuid, value]));
      expect(byUuid).toEqual(new Map(ADVERSARIAL.map((uuid, index) => [uuid, index])));
      expect(await collect(store.scan(prefixes.recordings))).toHaveLength(2 * ADVERSARIAL.length);
    });

    test('scans for any prefix', async () => {
      const names = ['p', 'p%', 'p/', 'p/a', 'p/é', 'p/\uffff', 'p/😀', 'p0', 'pé', 'q', 'o', 'P/a'];
      await store.setMany(names.map((key) => [key, key]));
      for (const prefix of ['p', 'p/', 'p/\uffff', 'p/😀', 'p%', 'nothing']) {
        const scanned = (await collect(store.scan(prefix))).map(([key]) => key);
        expect(scanned.sort()).toEqual(names.filter((key) => key.startsWith(prefix)).sort());
      }
    });

    test('scans on while entries come, go and move', async () => {
      const batch = numbered(STORE_BATCH_MAX);
      await store.setMany(batch);
      const met: string[] = [];
      for await (const [key] of store.scan('n/')) {
        met.push(key);
        if (met.length % 100 !== 0) continue;
        await store.deleteMany([key]);
        await store.setMany([
          [key, 'again'],
          [`m/${key}`, 'new'],
          [`o/${key}`, 'new'],
        ]);
      }
      expect(met.toSorted()).toEqual(batch.map(([key]) => key));
    });

    test('lets a scan end early', async () => {
      await store.setMany(numbered(10));
      for await (const _ of store.scan('n/')) break;
      expect(await collect(store.scan('n/'))).toHaveLength(10);
    });

    test('does many things at once', async () => {
      await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const batch = numbered(100).map(([key, value]): [string, Json] => [`${index}/${key}`, value]);
          await store.setMany(batch);
          expect(await store.getMany(batch.map(([key]) => key))).toEqual(new Map(batch));
          expect(await collect(store.scan(`${index}/`))).toHaveLength(100);
        }),
      );
    });

    test('shows a batch whole or not at all', async () => {
      const names = numbered(100).map(([key]) => key);
      const writes = [1, 2, 3].map((round) => store.setMany(names.map((key) => [key, round])));
      const reads = Array.from({ length: 10 }, () => store.getMany(names));
      for (const found of await Promise.all(reads)) expect(new Set(found.values()).size).toBeLessThanOrEqual(1);
      await Promise.all(writes);
    });

    test('fails in every operation once its own record is lost', async () => {
      await store.setMany([['a', 1]]);
      await store.deleteMany([keys.meta]);
      await expect(store.getMany(['a'])).rejects.toThrow(StoreError);
      await expect(store.getMany(['missing'])).rejects.toThrow('"meta" is missing');
      await expect(collect(store.scan('a'))).rejects.toThrow('"meta" is missing');
    });

    test('fails in every operation once it is closed', async () => {
      await store.setMany([['a', 1]]);
      await store.close();
      await expect(store.getMany(['a'])).rejects.toThrow(StoreError);
      await expect(store.setMany([['a', 1]])).rejects.toThrow(StoreError);
      await expect(store.deleteMany(['a'])).rejects.toThrow(StoreError);
      await expect(store.replaceMany([['b', 1]], ['a'])).rejects.toThrow(StoreError);
      await expect(store.getUnlike(['a'], { first: [1], last: 0 })).rejects.toThrow(StoreError);
      await expect(collect(store.scan('a'))).rejects.toThrow(StoreError);
    });
  });
}

function numbered(count: number): [string, Json][] {
  return Array.from({ length: count }, (_, index) => [`n/${String(index).padStart(4, '0')}`, index]);
}
