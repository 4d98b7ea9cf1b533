/** What went wrong, in words that say what to do. Never the values that were read or written. */
export function problemOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'it gives no reason';
  const { code, errcode } = cause as { code?: unknown; errcode?: unknown };
  const known = typeof errcode === 'number' ? SQLITE_PROBLEMS.get(errcode & 0xff) : SYSTEM_PROBLEMS.get(String(code));
  return known ?? cause.message;
}

const NO_PERMISSION = 'this user may not write there; give it the file and its folder, or configure another store';
const READ_ONLY = 'the file system or the file is read-only; make it writable, or configure another store';
const DISK_FULL = 'the disk is full; free some space';

/** @see https://www.sqlite.org/rescode.html: the low byte of a result code is its class. */
const SQLITE_PROBLEMS: ReadonlyMap<number, string> = new Map([
  [3, NO_PERMISSION],
  [5, 'another process kept it locked for too long'],
  [8, READ_ONLY],
  [10, 'the disk reports an input/output error; look at the system log'],
  [11, 'the file is damaged; restore a copy of it, or move it away to begin anew'],
  [13, DISK_FULL],
  [14, 'the file cannot be opened; see that it is a file, and that this user may read and write it and its folder'],
  [26, 'the file is not an SQLite database; configure another one, or move it away'],
]);

const SYSTEM_PROBLEMS: ReadonlyMap<string, string> = new Map([
  ['EACCES', NO_PERMISSION],
  ['EPERM', NO_PERMISSION],
  ['EROFS', READ_ONLY],
  ['ENOSPC', DISK_FULL],
  ['EDQUOT', DISK_FULL],
  ['EEXIST', 'a part of its path is a file, not a folder'],
  ['ENOTDIR', 'a part of its path is a file, not a folder'],
  ['ECONNREFUSED', 'nothing listens at that address; see that the server runs, and that host and port are right'],
  ['ENOTFOUND', 'its host has no address; see that the name is right'],
  ['EAI_AGAIN', 'the address of its host cannot be looked up now'],
  ['ECONNRESET', 'the server ended the connection'],
  ['28P01', 'the server refuses the password'],
  ['28000', 'the server does not let this user in'],
  ['3D000', 'the server has no such database; make it'],
  ['42501', 'this user may not do that in the database; let it create a table in the schema public'],
  ['53100', DISK_FULL],
  ['25006', 'it is read-only'],
  ['ENOENT', 'its folder does not exist and cannot be made'],
]);
