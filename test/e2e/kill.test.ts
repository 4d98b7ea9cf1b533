import { systemClock } from '../../src/system.js';
import { createDice } from '../sim/dice.js';
import { POSTGRES_PROGRAMS } from '../support/postgres-process.js';
import { createStage } from '../support/stage.js';
import { cleanServers, describeWith } from '../support/store-servers.js';
import { openScene } from './kill-scene.js';
import { openStagedServer, openStagedStore, type StagedStore } from './kill-stores.js';
import { type Account, killProgram, killServer } from './kill-stories.js';

/** `npm run crash` sets KILLS, and gets a table. */
const { KILLS, SEED } = process.env;
const kills = Number(KILLS ?? 10);
/** `SEED=1234` chooses the same moments again. */
const seed = Number(SEED ?? systemClock.nowMs() % 1_000_000);
const TIMEOUT_MS = 60_000 + kills * 10_000;

const stage = createStage();
const rows: string[][] = [];

afterAll(cleanServers);
afterAll(() => {
  if (KILLS === undefined) return;
  const counts = [
    'deliveries expected',
    'missing',
    'repeated after a kill',
    'most after one',
    'after a broken connection',
  ];
  const head = ['store', 'killed', 'when', ...counts, 'duration'];
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  process.stdout.write(`\nSEED=${seed}\n\n${lines.join('\n')}\n\n`);
});

/** Plays a story to its end, whatever that is, and writes its row. */
async function tell<Store extends StagedStore>(
  name: string,
  opening: Promise<Store>,
  play: (store: Store, account: Account) => Promise<void>,
): Promise<void> {
  const store = await opening;
  const account: Account = {
    ...{ killed: {}, moments: {} },
    ...{ expected: 0, missing: 0, repeated: 0, repeatedMax: 0, broken: 0 },
  };
  const startedMs = systemClock.monotonicMs();
  try {
    await play(store, account);
  } catch (error) {
    throw new Error(`with SEED=${seed}`, { cause: error });
  } finally {
    const seconds = Math.round((systemClock.monotonicMs() - startedMs) / 1_000);
    const { killed, moments, expected, missing, repeated, repeatedMax, broken } = account;
    const counts = [expected, missing, repeated, repeatedMax, broken].map(String);
    rows.push([name, wordsOf(killed), wordsOf(moments), ...counts, `${seconds} s`]);
    await store.close();
  }
}

function wordsOf(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .toSorted()
    .join(', ');
}

function killsProgram(kind: 'sqlite' | 'redis' | 'postgres'): void {
  test(
    'the program is killed: it loses nothing, invents nothing, and repeats only what it had not noted',
    async () => {
      await tell(kind, openStagedStore(stage, kind), (store, account) =>
        killProgram(stage, store, kills, createDice(`${seed}/${kind}`), account),
      );
    },
    TIMEOUT_MS,
  );
}

function killsServer(kind: 'redis' | 'postgres'): void {
  test(
    'the server is killed: the program goes on by itself, loses nothing, and repeats nothing',
    async () => {
      await tell(kind, openStagedServer(stage, kind), (store, account) =>
        killServer(stage, store, Math.ceil(kills / 2), createDice(`${seed}/${kind} server`), account),
      );
    },
    TIMEOUT_MS,
  );
}

describe('sqlite', () => killsProgram('sqlite'));
describeWith('redis', 'redis', () => {
  killsProgram('redis');
  killsServer('redis');
});
describeWith('postgres', 'postgres', () => {
  killsProgram('postgres');
  if (POSTGRES_PROGRAMS === undefined)
    process.stderr.write('SKIPPED, since there is no initdb: a PostgreSQL is killed\n');
  else killsServer('postgres');
});

test('the verdict can be bad: a store that forgets loses what comes while the program is down', async () => {
  const scene = await openScene(stage, 'memory', createDice(`${seed}`));
  for (const isDown of [true, false]) {
    const program = await scene.start();
    await stage.untilLog(program, /^first poll complete/);
    program.kill('SIGKILL');
    await program.ended;
    if (isDown) scene.change();
  }
  const { missing, expected } = scene.verdict();
  expect(missing).toHaveLength(expected);
});
