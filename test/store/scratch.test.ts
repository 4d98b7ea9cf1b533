import { openScratchStore } from '../../src/store/scratch.js';
import { collect } from '../support/collect.js';
import { openTestStore } from '../support/open-store.js';

async function openScratch() {
  const base = await openTestStore();
  await base.setMany([
    ['rec/a', 1],
    ['rec/b', 2],
    ['src/a', 3],
  ]);
  return { base, scratch: openScratchStore(base) };
}

test('reads through, and what is written stays in it', async () => {
  const { base, scratch } = await openScratch();
  await scratch.setMany([
    ['rec/b', 20],
    ['rec/c', 30],
  ]);
  expect(await scratch.getMany(['rec/a', 'rec/b', 'rec/c', 'rec/d'])).toEqual(
    new Map([
      ['rec/a', 1],
      ['rec/b', 20],
      ['rec/c', 30],
    ]),
  );
  expect((await collect(scratch.scan('rec/'))).sort()).toEqual([
    ['rec/a', 1],
    ['rec/b', 20],
    ['rec/c', 30],
  ]);
  expect(await collect(base.scan('rec/'))).toEqual([
    ['rec/a', 1],
    ['rec/b', 2],
  ]);
});

test('what is deleted in it is there no more, and comes back when it is written', async () => {
  const { base, scratch } = await openScratch();
  await scratch.deleteMany(['rec/a', 'rec/none']);
  expect((await scratch.getMany(['rec/a'])).size).toBe(0);
  expect(await collect(scratch.scan('rec/'))).toEqual([['rec/b', 2]]);
  await scratch.setMany([['rec/a', 10]]);
  expect((await scratch.getMany(['rec/a'])).get('rec/a')).toBe(10);
  expect((await base.getMany(['rec/a'])).get('rec/a')).toBe(1);
});

test('over nothing it is empty, and takes what is written', async () => {
  const scratch = openScratchStore(undefined);
  expect((await scratch.getMany(['rec/a'])).size).toBe(0);
  await scratch.setMany([['rec/a', null]]);
  expect(await collect(scratch.scan(''))).toEqual([['rec/a', null]]);
  expect((await scratch.getMany(['rec/a'])).get('rec/a')).toBeNull();
});

test('what cannot be read below is not read as nothing', async () => {
  const { base, scratch } = await openScratch();
  await base.close();
  await expect(scratch.getMany(['rec/a'])).rejects.toMatchObject({ name: 'StoreError' });
  await expect(collect(scratch.scan(''))).rejects.toMatchObject({ name: 'StoreError' });
});

test('closing it leaves the other one open', async () => {
  const { base, scratch } = await openScratch();
  await scratch.close();
  expect((await base.getMany(['rec/a'])).get('rec/a')).toBe(1);
});
