import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * A folder with those that it lies in. Node's own way (`recursive`) never ends where the system says of a folder that is there that
 * nothing can be in it, as of `/proc`.
 *
 * @param folder absolute
 * @returns whether it is new
 */
export function makeFolder(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    const isLacking = (error as NodeJS.ErrnoException).code === 'ENOENT' && dirname(folder) !== folder;
    if (isLacking) return makeBelow(folder);
    assertFolder(folder, error);
    return false;
  }
}

function makeBelow(folder: string): boolean {
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    // Somebody else may have made it meanwhile.
    assertFolder(folder, error);
    return false;
  }
}

function assertFolder(folder: string, otherwise: unknown): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw otherwise;
}
