import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { DatabaseSync } from './node-sqlite.js';
import { isBusy } from './sqlite.js';

/** Ownership of one file's store. The system takes it back with the process, however that ends. */
export interface Lock {
  /** Once is enough; again does no harm. */
  release(): void;
}

/** Long enough to outlast somebody's {@link isLocked}, which takes microseconds. It blocks, so it is for the start of a program. */
const PROBE_PATIENCE_MS = 100;

/**
 * An open exclusive transaction on a database of its own, so that others can read the store meanwhile. SQLite keeps it from two
 * connections of one process as well. The file stays, empty: removing it would let two processes lock two files of one name.
 *
 * @param patienceMs blocks for so long where another has it
 * @returns undefined when another has it
 */
export function takeLock(path: string, patienceMs = PROBE_PATIENCE_MS): Lock | undefined {
  const database = new DatabaseSync(pathToFileURL(lockFileOf(path)), { timeout: patienceMs });
  try {
    // Nothing is ever written, so nothing has to be undone after a crash, and no journal is needed.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return { release: () => database.isOpen && database.close() };
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}

/** Whether somebody has the lock now. Asks with a shared lock, so that two who ask are not in each other's way. */
export function isLocked(path: string): boolean {
  const file = lockFileOf(path);
  if (!existsSync(file)) return false;
  const database = new DatabaseSync(pathToFileURL(file), { timeout: 0, readOnly: true });
  try {
    database.exec('SELECT 1 FROM sqlite_schema');
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw error;
  } finally {
    database.close();
  }
}

function lockFileOf(path: string): string {
  return `${path}.lock`;
}
