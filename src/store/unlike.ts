import type { Json, ListEnds, Store } from '../ports.js';

/** By looking at all of them. */
export async function unlikeOf(
  keys: readonly string[],
  like: ListEnds,
  getMany: Store['getMany'],
): Promise<ReadonlySet<string>> {
  const rows = await getMany(keys);
  return new Set(keys.filter((key) => !isLike(rows.get(key), like)));
}

function isLike(value: Json | undefined, { first, last }: ListEnds): boolean {
  return (
    Array.isArray(value) &&
    value.length > first.length + 1 &&
    first.every((element, index) => value[index] === element) &&
    value.at(-1) === last
  );
}
