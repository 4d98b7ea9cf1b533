import type { Json, Store } from '../src/ports.js';
import { type Door, startDoor, uuidsOf } from './engine/door.js';
import { webhookTo } from './engine/sinks.js';
import type { StoreFault } from './support/failing-store.js';
import {
  configOf,
  openWorld,
  type Program,
  pendingOf,
  sourcePolled,
  startProgram,
  stopProgram,
  type World,
} from './support/notifier-stage.js';
import { STORE_KINDS, type StoreKind } from './support/open-store.js';
import { until } from './support/turn.js';

const FAULTS = ['before', 'after'] as const;

/** What makes the store of a story out of one that can fail; as it is, if nothing else is said. */
type Memory = (store: Store) => Store;

interface Ending {
  /** How often each recording arrived. Two sinks get each. */
  readonly arrivals: Readonly<Record<string, number>>;
  /** Those before the death. */
  readonly earlyArrivals: number;
  readonly ids: number;
  readonly operations: number;
}

/**
 * Two recordings become available. Then something happens to the store, and the program goes on, or another one does, until nothing is
 * left to do.
 */
async function tell(
  kind: StoreKind,
  happens: { fault: StoreFault; at: number; dies: boolean },
  memory: Memory = (store) => store,
): Promise<Ending> {
  await using door = await startDoor();
  await using base = await openWorld(kind);
  const failing = base.store;
  const world: World = { ...base, store: memory(failing) };
  const sinks = ['a', 'b'].map((name) => webhookTo(name, door.url, { timeoutMs: 86_400_000 }));
  const config = configOf([sourcePolled(world)], sinks);
  let earlyArrivals = 0;
  let program = await startProgram(world, config);
  world.api.recordings.setStatus('soon', 'available');
  world.api.recordings.add({ uuid: 'new', status: 'available' });

  if (happens.dies) failing.die(happens.at, happens.fault);
  else failing.fail(happens.at, happens.fault);
  await program.notifier.pollAll();
  await quiet(program);
  const operations = failing.operations.length;
  if (happens.dies) {
    await endProgram(program, world);
    failing.heal();
    earlyArrivals = door.messages.length;
    program = await startProgram(world, config);
  }
  await settle(program, world);
  await endProgram(program, world);
  return { ...endingOf(door), earlyArrivals, operations };
}

/** Whatever is under way ends, or waits for the store. */
async function quiet({ notifier, log }: Program): Promise<void> {
  await until(
    () =>
      notifier.dispatcher.status().every(({ inFlight }) => inFlight === 0) ||
      log.lines.some(({ message }) => message.startsWith('the store does not take results')),
  );
}

async function settle({ notifier }: Program, world: World): Promise<void> {
  for (let polls = 0; polls < 3; polls += 1) await notifier.pollAll();
  await until(async () => {
    world.clock.advance(1_000);
    return (await pendingOf(world)) === 0;
  });
}

async function endProgram(program: Program, world: World): Promise<void> {
  await stopProgram(program, world);
  await program[Symbol.asyncDispose]();
}

function endingOf(door: Door): Pick<Ending, 'arrivals' | 'ids'> {
  const byUuid = Map.groupBy(uuidsOf(door), (uuid) => uuid);
  return {
    arrivals: Object.fromEntries(byUuid.entries().map(([uuid, all]) => [uuid, all.length])),
    ids: new Set(door.messages.map(({ id }) => id)).size,
  };
}

/** The story at every operation of the store in turn. */
async function everywhere(kind: StoreKind, fault: StoreFault, dies: boolean, memory?: Memory): Promise<Ending[]> {
  const { operations } = await tell(kind, { fault, at: Number.POSITIVE_INFINITY, dies: false }, memory);
  expect(operations).toBeGreaterThan(4);
  const endings: Ending[] = [];
  for (let at = 1; at <= operations; at += 1) endings.push(await tell(kind, { fault, at, dies }, memory));
  return endings;
}

function isWhole({ arrivals, ids }: Ending): boolean {
  return ids === 2 && Object.keys(arrivals).length === 2 && Object.values(arrivals).every((times) => times >= 2);
}

type Entry = readonly [key: string, value: Json];

/** Not atomic: each entry is a write of its own. */
function tearing(order: (entries: readonly Entry[]) => readonly Entry[]): Memory {
  return (store) => ({
    ...store,
    setMany: async (entries) => {
      for (const entry of order(entries)) await store.setMany([entry]);
    },
  });
}

describe.each(STORE_KINDS)('a %s store, at every operation from news to delivery', (kind) => {
  test.each(FAULTS)('that fails once, %s it is done: nothing is lost, nothing is sent twice', async (fault) => {
    for (const ending of await everywhere(kind, fault, false)) {
      expect(ending).toMatchObject({ arrivals: { soon: 2, new: 2 }, ids: 2 });
    }
  });

  test.each(FAULTS)(
    'whose program dies %s it is done: nothing is lost, and only what had arrived is repeated, with its id',
    async (fault) => {
      for (const ending of await everywhere(kind, fault, true)) {
        expect(isWhole(ending)).toBe(true);
        const sent = Object.values(ending.arrivals).reduce((sum, times) => sum + times, 0);
        expect(sent).toBeLessThanOrEqual(4 + ending.earlyArrivals);
      }
    },
  );
});

describe('a store that tears the one write', () => {
  test.each(FAULTS)('deliveries first, dying %s it is done: nothing is lost', async (fault) => {
    const endings = await everywhere(
      'memory',
      fault,
      true,
      tearing((entries) => entries),
    );
    expect(endings.every(isWhole)).toBe(true);
  });

  test('in the wrong order loses news: these stories can tell', async () => {
    const endings = await everywhere(
      'memory',
      'before',
      true,
      tearing((entries) => entries.toReversed()),
    );
    expect(endings.every(isWhole)).toBe(false);
  });
});
