import { Account } from './account.js';
import { Deliveries } from './deliveries.js';
import { createDice, type Dice } from './dice.js';
import { Operators } from './operators.js';
import { Oracle } from './oracle.js';
import { Pauses } from './pauses.js';
import { SimPlatform } from './platform.js';
import { drawSetup, type Setup } from './setup.js';
import { SimSinks } from './sim-sinks.js';
import { type Say, SimStore } from './sim-store.js';
import { Tally } from './tally.js';
import { SimTime } from './time.js';

/** What may go wrong in a story; each story draws some of it, so that every mixture comes. */
export const TROUBLES = [
  'crashes',
  'store',
  'platform',
  'sinks',
  'reloads',
  'stops',
  'orders',
  'jumps',
  'pauses',
] as const;
export type Trouble = (typeof TROUBLES)[number];

/** Everything around the program, and whoever looks on. */
export interface World {
  readonly dice: Dice;
  readonly time: SimTime;
  readonly tally: Tally;
  readonly say: Say;
  readonly setup: Setup;
  readonly troubles: ReadonlySet<Trouble>;
  readonly accounts: ReadonlyMap<string, Account>;
  readonly platform: SimPlatform;
  readonly store: SimStore;
  readonly sinks: SimSinks;
  readonly oracle: Oracle;
  readonly deliveries: Deliveries;
  readonly operators: Operators;
  readonly pauses: Pauses;
}

/** @param tell takes the lines of a story that somebody wants to read */
export function createWorld(seed: number, tell?: (atMs: number, actor: string, what: string) => void): World {
  const dice = createDice(`story ${seed}`);
  const time = new SimTime();
  const tally = new Tally();
  const say: Say = tell && ((actor, what) => tell(time.nowMs, actor, what()));
  const setup = drawSetup(dice.fork('setup'));
  // Pauses by dice of their own, so that stories of other things stay what they are.
  const troubles = new Set(
    TROUBLES.filter((trouble) => (trouble === 'pauses' ? dice.fork(trouble) : dice).chance(0.5)),
  );
  const accounts = new Map(setup.sources.map(({ name }) => [name, new Account(name, dice.fork(name), time)]));
  const policies = new Map(
    setup.sources.map(({ name, firstPoll, stuckAfterMs }) => [
      name,
      { announces: firstPoll === 'announce', stuckAfterMs },
    ]),
  );
  const operators = new Operators({ time, tally, violate: (what) => oracle.violate(what) });
  const pauses = new Pauses({ time, tally, violate: (what) => oracle.violate(what) });
  const oracle: Oracle = new Oracle(time, tally, policies, operators, pauses);
  const deliveries = new Deliveries({ time, tally, oracle, say });
  const base = { dice, time, tally, say };
  const store = new SimStore({
    ...base,
    manners: { failing: 0, slow: 0 },
    watch: (key, text) => {
      oracle.storeHas(key, text);
      deliveries.storeHas(key, text);
      pauses.storeHas(key, text);
    },
  });
  const sinks = new SimSinks({
    ...base,
    accepted: (acceptance) => deliveries.accepted(acceptance),
    sent: (sink) => pauses.sent(sink),
  });
  const platform = new SimPlatform({ ...base, accounts });
  return { ...base, setup, troubles, accounts, platform, store, sinks, oracle, deliveries, operators, pauses };
}
