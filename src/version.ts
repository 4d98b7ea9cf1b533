import { readFileSync } from 'node:fs';

/** Of this package, from its `package.json`: one folder up both from `src` and from `dist`. */
export const VERSION = readVersion(new URL('../package.json', import.meta.url));

/** What every request says of its sender. */
export const USER_AGENT = `recording-notifier/${VERSION}`;

function readVersion(file: URL): string {
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}
