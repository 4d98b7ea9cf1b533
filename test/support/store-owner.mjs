/**
 * A process that owns a store, for tests that kill it. `hold` keeps it until stdin ends; `write` overwrites one batch again and again and
 * prints the number of each that was acknowledged; `tear` does so the wrong way, an entry at a time, and stops in the middle of the second.
 * `migrate` brings a store to version 4, as test/store/migration.test.ts has it, and says when it begins.
 */
import process from 'node:process';

const [dist, command, configText, batchSize] = process.argv.slice(2);
const config = JSON.parse(configText);
const { openStore } = await import(`${dist}/store/open.js`);
const { systemClock } = await import(`${dist}/system.js`);

const deps = { clock: systemClock, cwd: '/', host: 'child-host', pid: process.pid };
if (command === 'migrate') {
  process.stdout.write('begins\n');
  deps.format = formatOfMigration();
}
const { store } = await openStore(config, 'own', deps);
const print = (text) => new Promise((resolve) => process.stdout.write(`${text}\n`, resolve));

if (command === 'migrate') {
  await store.close();
} else if (command === 'hold') {
  await store.setMany([['sink/held', 'committed']]);
  await print('owned');
  for await (const _ of process.stdin);
  await store.close();
} else {
  const keys = Array.from({ length: Number(batchSize) }, (_, index) => `batch/${index}`);
  const before = (await store.getMany([keys[0]])).get(keys[0])?.number ?? 0;
  for (let number = before + 1; ; number += 1) {
    const entries = keys.map((key) => [key, { number, filling: 'x'.repeat(300) }]);
    if (command === 'write') await store.setMany(entries);
    else await tear(entries, number);
    await print(number);
  }
}

async function tear(entries, number) {
  for (const [index, entry] of entries.entries()) {
    if (number === 2 && index === entries.length / 2) {
      await print('torn');
      for await (const _ of process.stdin);
    }
    await store.setMany([entry]);
  }
}

function formatOfMigration() {
  const steps = [
    (key, value) => (Array.isArray(value) && value[0] === 1 ? [[key, [2, `${value[1]}!`]]] : undefined),
    (key, value) => (key.startsWith('batch/') ? [[`moved/${key.slice(6)}`, value]] : undefined),
    (key) => (key.startsWith('forgotten/') ? [] : undefined),
  ];
  return { version: 4, migrations: steps.map((change, index) => ({ from: index + 1, to: index + 2, change })) };
}
