import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * A folder with those that it lies in. Node's own way (`recursive`) never ends where the system says of a folder that is there that
 * nothing can be in it, as of `/proc`.
 *
 * @param folder absolute
 */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    const isLacking = (error as NodeJS.ErrnoException).code === 'ENOENT' && dirname(folder) !== folder;
    if (isLacking) makeBelow(folder);
    else assertFolder(folder, error);
  }
}

function makeBelow(folder: string): void {
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Somebody else may have made it meanwhile.
    assertFolder(folder, error);
  }
}

function assertFolder(folder: string, otherwise: unknown): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw otherwise;
}
