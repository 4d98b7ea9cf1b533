import { createGate } from '../../src/engine/gate.js';

/** Work that ends when the test says so. */
function createWork() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => () => {
    begun.push(name);
    return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
  };
  return { begun, work, end: (name: string) => ends.get(name)?.() };
}

const { signal } = new AbortController();

test('so many are inside at once, and who came first is let in first', async () => {
  const { begun, work, end } = createWork();
  const gate = createGate(2);
  const all = ['a', 'b', 'c', 'd'].map((name) => gate.through(work(name), signal));
  expect(begun).toEqual(['a', 'b']);
  end('b');
  await all[1];
  expect(begun).toEqual(['a', 'b', 'c']);
  for (const name of ['a', 'c']) end(name);
  await Promise.all([all[0], all[2]]);
  end('d');
  expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
});

test('work that fails makes room as well', async () => {
  const gate = createGate(1);
  const failed = gate.through(() => Promise.reject(new Error('broken')), signal);
  const next = gate.through(async () => 'next', signal);
  await expect(failed).rejects.toThrow('broken');
  expect(await next).toBe('next');
});

test('who is told to end waits no longer, and the others keep their places', async () => {
  const { begun, work, end } = createWork();
  const gate = createGate(1);
  const stop = new AbortController();
  const first = gate.through(work('first'), signal);
  const stopped = gate.through(async () => begun.push('stopped'), stop.signal);
  const last = gate.through(work('last'), signal);
  stop.abort();
  await stopped;
  expect(begun).toEqual(['first', 'stopped']);
  end('first');
  await first;
  expect(begun).toEqual(['first', 'stopped', 'last']);
  end('last');
  await last;
});
