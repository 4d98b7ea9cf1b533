/** What one look at everything gives: the latest that fit, and how many fit. */
export interface Latest<Item> {
  readonly items: readonly Item[];
  readonly total: number;
}

/**
 * Reads to the end and keeps the latest ones. Holds twice as many as are kept at most.
 *
 * @param timeOf by what they are ordered, milliseconds
 * @param offset of the latest, so many are left out
 */
export async function latestOf<Item>(
  all: AsyncIterable<Item>,
  timeOf: (item: Item) => number,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): Promise<Latest<Item>> {
  const keptMax = offset + limit;
  let kept: Item[] = [];
  let total = 0;
  const byTime = (left: Item, right: Item) => timeOf(right) - timeOf(left);
  for await (const item of all) {
    total += 1;
    if (kept.push(item) >= 2 * keptMax) kept = kept.sort(byTime).slice(0, keptMax);
  }
  return { items: kept.sort(byTime).slice(offset, keptMax), total };
}
