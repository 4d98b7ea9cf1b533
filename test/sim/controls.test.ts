import { CONTROLS } from './controls.js';
import { tellStory } from './story.js';

/** Sure to be enough for each of them; the first story that shows the mistake ends the search. */
const SEEDS_MAX = 600;

test.each(Object.entries(CONTROLS))('it is noticed when %s', async (_name, { twist, violates }) => {
  expect(await firstStoryThat(violates, twist)).toBeLessThan(SEEDS_MAX);
});

async function firstStoryThat(violates: RegExp, twist: (typeof CONTROLS)[string]['twist']): Promise<number> {
  for (let seed = 1; seed < SEEDS_MAX; seed += 1) {
    const { violations } = await tellStory(seed, { twist });
    if (violations.some((violation) => violates.test(violation))) return seed;
  }
  return SEEDS_MAX;
}
