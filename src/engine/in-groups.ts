const GROUP_MAX = 1_000;

/** As they come, but many at once; the last group may be empty. */
export async function* inGroups<Item>(items: AsyncIterable<Item>): AsyncGenerator<readonly Item[]> {
  let group: Item[] = [];
  for await (const item of items) {
    if (group.push(item) < GROUP_MAX) continue;
    yield group;
    group = [];
  }
  yield group;
}
