import fc from 'fast-check';
import { Fingerprints } from '../../src/engine/fingerprints.js';

const PLACES_MIN = 256;
/** Three quarters of that many places. */
const HELD_MAX = 192;

const uuid = fc.integer({ min: 0, max: 400 }).map((n) => `uuid-${n}`);
const step = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constantFrom('meet', 'add', 'hasMet', 'delete'), uuid }), weight: 20 },
  { arbitrary: fc.record({ kind: fc.constant('startWalk'), uuid }), weight: 1 },
);

/** The same with texts. */
class Held {
  readonly #metIn = new Map<string, number>();
  #walk = 0;

  startWalk(): void {
    this.#walk += 1;
  }

  meet(text: string) {
    const metIn = this.#metIn.get(text);
    if (metIn === undefined) return 'not held';
    this.add(text);
    return metIn === this.#walk ? 'again' : 'first';
  }

  hasMet(text: string): boolean {
    return this.#metIn.get(text) === this.#walk;
  }

  add(text: string): void {
    this.#metIn.set(text, this.#walk);
  }

  delete(text: string): void {
    this.#metIn.delete(text);
  }
}

test('are a map of what each walk has met, whatever is done to them', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 1_500, size: 'max' }), (steps) => {
      const prints = new Fingerprints(Math.random);
      const held = new Held();
      for (const { kind, uuid: text } of steps) {
        const deed = kind as keyof Held;
        expect(prints[deed](text)).toEqual(held[deed](text));
      }
    }),
    { numRuns: 30 },
  );
});

test('a walk is not taken for another, however many there are', () => {
  const prints = new Fingerprints(Math.random);
  prints.add('stays');
  prints.add('leaves');
  prints.delete('leaves');
  for (let walk = 0; walk < 1_000; walk += 1) {
    prints.startWalk();
    expect(prints.hasMet('stays')).toBe(false);
    if (walk % 300 === 0) expect([prints.meet('stays'), prints.meet('stays')]).toEqual(['first', 'again']);
    expect(prints.meet('leaves')).toBe('not held');
  }
});

test('what does not fit is not held, and harms nothing that is', () => {
  const prints = new Fingerprints(Math.random, PLACES_MIN);
  const texts = Array.from({ length: 2 * HELD_MAX }, (_, n) => `uuid-${n}`);
  for (const text of texts) prints.add(text);
  prints.startWalk();
  expect(texts.filter((text) => prints.meet(text) === 'first')).toEqual(texts.slice(0, HELD_MAX));
});

test('what is taken back makes room', () => {
  const prints = new Fingerprints(Math.random, PLACES_MIN);
  for (let n = 0; n < 100 * HELD_MAX; n += 1) {
    prints.add(`uuid-${n}`);
    if (n >= 100) prints.delete(`uuid-${n - 100}`);
  }
  const held = Array.from({ length: 100 * HELD_MAX }, (_, n) => prints.meet(`uuid-${n}`)).filter(
    (met) => met === 'again',
  );
  expect(held).toHaveLength(100);
});

test('of a hundred thousand, none is taken for another', () => {
  const prints = new Fingerprints(Math.random);
  for (let n = 0; n < 100_000; n += 1) prints.add(`${n}`);
  expect(Array.from({ length: 100_000 }, (_, n) => prints.meet(`${n} `)).filter((met) => met !== 'not held')).toEqual(
    [],
  );
});
