#!/usr/bin/env node
import { nodeHint, nodeProblem } from './node-version.js';

/** argv → command → exit code. Imports nothing more before it knows that this Node can run the rest. */

const problem = nodeProblem();
if (problem !== undefined) {
  process.stderr.write(`${problem}; ${nodeHint(import.meta.url)}\n`);
  process.exit(1);
}

const [{ runCommand }, { thisProcess }] = await Promise.all([import('./commands/program.js'), import('./system.js')]);
const [, script = '', ...args] = process.argv;
process.exitCode = await runCommand(args, thisProcess({ startedBy: [process.argv0, script] }), process.exit);
process.exit();
