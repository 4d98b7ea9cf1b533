/** Imports nothing, so that it runs on any Node. */

const NEEDED = [24, 15] as const;

/** What to tell a person whose Node is too old; undefined when it is not. */
export function nodeProblem(version: string = process.versions.node): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return undefined;
  return `recording-notifier needs Node ${NEEDED.join('.')} or newer, and this is ${version}`;
}
