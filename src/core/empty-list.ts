/**
 * When an empty list is not believed. A source that has died answers like an account that nothing was ever recorded in; of a long list
 * that is gone from one complete poll to the next, trouble is the likelier cause. A list that somebody empties bit by bit is short before
 * it is empty, and believed.
 */

/** Recordings in the last complete list from which on an empty one is doubted: more than somebody clears away by hand between two polls. */
const LONG_LIST_MIN = 100;

/** @param listedBefore recordings in the last complete list that was believed */
export function isDoubtful(listed: number, listedBefore: number): boolean {
  return listed === 0 && listedBefore >= LONG_LIST_MIN;
}

/**
 * Whether the length of a list that is believed has to be stored for that. Short ones are all the same, so that they cost no write.
 *
 * @param listedBefore as it is stored; undefined: it never was
 */
export function isWorthNoting(listed: number, listedBefore: number | undefined): boolean {
  if (listedBefore === undefined) return true;
  return listed !== listedBefore && Math.max(listed, listedBefore) >= LONG_LIST_MIN;
}

/** @param allowedBy the key of the config that has empty lists believed */
export function emptyListText(listedBefore: number, allowedBy: string): string {
  return (
    `the list is empty, and the one before had ${listedBefore} recordings: the key may be of another account, a filter may fit nothing, ` +
    'or the platform has switched the account off or lost its list. Nothing counts as removed. Look at the account with the same key; ' +
    `if it was emptied on purpose, set ${allowedBy}: believe`
  );
}
