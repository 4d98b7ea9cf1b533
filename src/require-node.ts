import { nodeProblem } from './node-version.js';

/** The first import of what programs import: it throws before anything runs that an older Node does not have. */

const problem = nodeProblem();
if (problem !== undefined) throw new Error(problem);
