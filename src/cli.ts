#!/usr/bin/env node
/** argv → command → exit code. Imports nothing before it knows that this Node can run the rest. */

const NEEDED = [24, 15] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  process.stderr.write(
    `recording-notifier needs Node ${NEEDED.join('.')} or newer, and this is ${process.versions.node}; in a checkout start it as ./node_modules/.bin/node dist/cli.js\n`,
  );
  process.exit(1);
}

const [{ runCommand }, { thisProcess }] = await Promise.all([import('./commands/program.js'), import('./system.js')]);
const [, script = '', ...args] = process.argv;
process.exitCode = await runCommand(args, thisProcess({ startedBy: [process.argv0, script] }), process.exit);
process.exit();
