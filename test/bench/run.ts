import { build } from './build.js';
import { measureDeliveries } from './part-deliveries.js';
import { measureMany } from './part-many.js';
import { measureOthers } from './part-others.js';
import { measurePolls } from './part-poll.js';
import { measureQueue } from './part-queue.js';
import { measureRest } from './part-rest.js';
import { measureWalks } from './part-walk.js';
import { TABLE_HEAD, tableRows } from './report.js';

/** `PART=walk` measures one part alone. */

const PARTS = {
  ...{ poll: measurePolls, walk: measureWalks, deliveries: measureDeliveries, rest: measureRest },
  ...{ many: measureMany, others: measureOthers, queue: measureQueue },
};

const { PART } = process.env;
const wanted = Object.entries(PARTS).filter(([name]) => PART === undefined || PART === name);
if (wanted.length === 0) throw new Error(`PART is one of ${Object.keys(PARTS).join(', ')}`);

const startedMs = performance.now();
using built = build();
say(TABLE_HEAD);
for (const [name, measure] of wanted) {
  process.stderr.write(`measuring: ${name}\n`);
  say(tableRows(await measure(built)));
}
say(['', `${((performance.now() - startedMs) / 1_000).toFixed(0)} s`]);

function say(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}
