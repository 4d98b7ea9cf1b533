/** Imports nothing, so that it runs on any Node. */

const NEEDED = [24, 15] as const;

/** What to tell a person whose Node is too old; undefined when it is not. */
export function nodeProblem(version: string = process.versions.node): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return undefined;
  return `recording-notifier needs Node ${NEEDED.join('.')} or newer, and this is ${version}`;
}

/**
 * How to start the command on a newer Node, as a part of a sentence.
 *
 * @param url of one of its modules, which tells an installed package from a checkout
 */
export function nodeHint(url: string): string {
  return url.includes('/node_modules/')
    ? 'put a newer Node first in PATH, or "npm install node@24" beside it and start it as "npx recording-notifier"'
    : 'in a checkout start it as ./node_modules/.bin/node dist/cli.js';
}
