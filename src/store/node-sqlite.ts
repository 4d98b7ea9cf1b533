import { createRequire } from 'node:module';
import type * as sqlite from 'node:sqlite';

/** Not imported: where Node has no such module, an import fails before anybody can say which Node is needed. */
export const { DatabaseSync } = createRequire(import.meta.url)('node:sqlite') as typeof sqlite;
export type { DatabaseSync as Database, StatementSync } from 'node:sqlite';
