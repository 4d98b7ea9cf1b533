import { CONTROLS } from './controls.js';
import { tellStory } from './story.js';

/** Sure to be enough for each of them; the first story that shows the mistake ends the search. */
const STORIES_MAX = 600;

// Stacks of errors that are expected would be a good part of the time.
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

test.each(Object.entries(CONTROLS))('it is noticed when %s', async (_name, control) => {
  expect(await storiesUntilNoticed(control)).toBeLessThan(STORIES_MAX);
});

async function storiesUntilNoticed({ twist, seed, violates }: (typeof CONTROLS)[string]): Promise<number> {
  for (let told = 0; told < STORIES_MAX; told += 1) {
    const { violations } = await tellStory(seed + told, { twist });
    if (violations.some((violation) => violates.test(violation))) return told;
  }
  return STORIES_MAX;
}
