import { type Account, PLATFORM_LIES } from './account.js';
import { WITNESS_SINK } from './deliveries.js';
import type { Death } from './life.js';
import { Program, type Twist } from './program.js';
import { drawPlan, type Plan, slowPlan, wholePlan } from './setup.js';
import { SINK_MOODS } from './sim-sinks.js';
import type { Tally } from './tally.js';
import { createWorld, type World } from './world.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Everything that can go has gone by then: the longest wait is a day, and jumps of the clock make it longer. */
const SETTLES_WITHIN_MS = 12 * DAY_MS;
/** A stop takes eight seconds, and what the store takes. */
const STOPS_WITHIN_MS = 30_000;
/** Of one process, more than all lanes, polls and operations of the store can need. */
const TIMERS_MAX = 120;

export interface StoryEnd {
  readonly violations: readonly string[];
  readonly tally: Tally;
}

export interface StoryOptions {
  /** Takes the lines of a story that somebody wants to read. */
  readonly tell?: (atMs: number, actor: string, what: string) => void;
  readonly twist?: Twist;
}

/** Tells one story to its end, and what is wrong with it. */
export async function tellStory(seed: number, { tell, twist = {} }: StoryOptions = {}): Promise<StoryEnd> {
  const world = createWorld(seed, tell);
  await new Story(world, twist).tell();
  return { violations: world.oracle.violations, tally: world.tally };
}

class Story {
  readonly #world: World;
  readonly #twist: Twist;
  #plan: Plan;
  #program: Program | undefined;
  #lives = 0;
  #endsAtMs: number;
  #healed = false;
  #upAtMs = 0;
  #troubledAtMs = 0;

  constructor(world: World, twist: Twist) {
    this.#world = world;
    this.#twist = twist;
    this.#plan = wholePlan(world.setup);
    this.#endsAtMs = world.setup.periodMs * world.dice.int(6, 24);
    const troubledAtMs = () => Math.max(this.#troubledAtMs, world.store.troubledAtMs, world.pauses.changedAtMs);
    world.deliveries.troubledAtMs = troubledAtMs;
    world.operators.troubledAtMs = troubledAtMs;
    world.operators.storeTroubledAtMs = () => world.store.troubledAtMs;
  }

  async tell(): Promise<void> {
    const { time, tally } = this.#world;
    tally.add('stories');
    this.#cast();
    this.#boot();
    while (time.passedMs < this.#endsAtMs) {
      const endsAtMs = this.#endsAtMs;
      let isTime = false;
      time.after(endsAtMs - time.passedMs, () => {
        isTime = true;
      });
      await time.runUntil(() => isTime, Number.POSITIVE_INFINITY);
    }
    this.#heal();
    await this.#settle();
    await this.#orderRest();
    await this.#finish();
  }

  /** Whoever acts in this story. */
  #cast(): void {
    const { accounts, setup, troubles, dice } = this.#world;
    for (const account of accounts.values()) {
      const own = dice.fork(`list of ${account.name}`);
      for (let rows = own.int(0, 12); rows > 0; rows -= 1) account.add(own);
      this.#every(2, () => (own.chance(0.4) ? account.add(own) : account.change(own)));
      this.#crowd(account);
    }
    if (troubles.has('platform')) this.#nowAndEvery(6, () => this.#mislead());
    if (troubles.has('store')) this.#nowAndEvery(6, () => this.#troubleStore());
    if (troubles.has('crashes')) this.#every(12, () => this.#program?.die());
    if (troubles.has('reloads')) this.#every(8, () => this.#reload());
    if (troubles.has('stops')) this.#every(15, () => this.#stop());
    if (troubles.has('orders')) this.#every(6, () => this.#order());
    if (troubles.has('pauses')) this.#every(5, () => this.#pauseOrResume());
    if (troubles.has('jumps')) this.#every(10, () => this.#jump());
    if (!troubles.has('sinks')) return;
    for (const { name } of setup.sinks) if (name !== WITNESS_SINK) this.#every(6, () => this.#changeMood(name));
  }

  /** Some lists are long, and some of those end all at once. */
  #crowd(account: Account): void {
    const { dice, tally, troubles } = this.#world;
    const own = dice.fork(`crowd of ${account.name}`);
    if (!own.chance(0.15)) return;
    tally.add('long lists');
    account.crowd(own);
    if (!troubles.has('platform')) return;
    this.#every(24, () => {
      account.isOff = own.chance(0.8);
      if (account.isOff) tally.add('lists switched off');
    });
  }

  /** Again and again, after up to so many periods each time, until everything heals. */
  #every(periodsMax: number, act: () => void): void {
    const { time, setup, dice } = this.#world;
    const again = () => {
      // While the process is down for weeks, little of what happens makes a difference.
      const downMs = Math.max(0, this.#upAtMs - time.passedMs);
      const skippedMs = downMs > 10 * setup.periodMs && dice.chance(0.5) ? downMs : 0;
      time.after(skippedMs + dice.next() * periodsMax * setup.periodMs, () => {
        if (this.#healed) return;
        act();
        again();
      });
    };
    again();
  }

  #nowAndEvery(periodsMax: number, act: () => void): void {
    act();
    this.#every(periodsMax, act);
  }

  #boot(): void {
    const { say } = this.#world;
    this.#lives += 1;
    say?.('process', () => `${this.#lives} starts`);
    this.#trouble();
    this.#program = new Program(this.#world, this.#plan, {
      number: this.#lives,
      death: this.#drawDeath(),
      twist: this.#twist,
      onEnd: () => this.#onEnd(),
    });
    void this.#program.start();
  }

  #drawDeath(): Death | undefined {
    const { dice, troubles } = this.#world;
    if (!troubles.has('crashes') || this.#healed || dice.chance(0.3)) return undefined;
    const kind = dice.pick(['any', 'any', 'write', 'write', 'send'] as const);
    return { kind, at: dice.int(1, dice.pick(kind === 'any' ? [20, 200, 600] : [3, 20, 80])) };
  }

  #onEnd(): void {
    const { time, dice, tally, setup } = this.#world;
    tally.add('ends of a process');
    this.#trouble();
    const isLong = dice.chance(0.1);
    const downMs = isLong
      ? dice.int(DAY_MS, 40 * DAY_MS)
      : dice.int(1_000, dice.chance(0.7) ? 30_000 : 8 * setup.periodMs);
    if (isLong && !this.#healed) this.#endsAtMs += downMs;
    this.#upAtMs = time.passedMs + downMs;
    time.after(this.#healed ? 1_000 : downMs, () => this.#boot());
  }

  #trouble(): void {
    this.#troubledAtMs = this.#world.time.passedMs;
  }

  #mislead(): void {
    const { platform, dice } = this.#world;
    platform.lying = dice.pick([0, 0, 0.1, 0.5, 0.9]);
    platform.lies = dice.chance(0.5) ? PLATFORM_LIES : [dice.pick(PLATFORM_LIES)];
  }

  #troubleStore(): void {
    const { store, dice, time, setup } = this.#world;
    store.manners = { failing: dice.pick([0, 0, 0.02, 0.2]), slow: dice.pick([0, 0, 0.05]) };
    if (dice.chance(0.2)) store.outUntilMs = time.passedMs + dice.int(1_000, 3 * setup.periodMs);
  }

  #changeMood(sink: string): void {
    const { sinks, dice, say } = this.#world;
    const mood = dice.chance(0.4) ? 'works' : dice.pick(SINK_MOODS);
    sinks.moods.set(sink, mood);
    say?.(sink, () => `is in another mood: ${mood}`);
  }

  #reload(): void {
    if (this.#program?.state !== 'runs') return;
    this.#trouble();
    this.#plan = drawPlan(this.#world.setup, this.#world.dice);
    void this.#program.reload(this.#plan);
  }

  #stop(): void {
    const program = this.#program;
    if (program?.state !== 'runs') return;
    this.#trouble();
    void program.stop();
    this.#world.time.after(STOPS_WITHIN_MS, () => {
      if (program.state === 'stops') this.#world.oracle.violate('a stop does not come to its end');
    });
  }

  #order(): void {
    const { dice, deliveries, setup, oracle } = this.#world;
    if (this.#program?.state !== 'runs') return;
    const { told } = deliveries;
    const sinks = setup.sinks.map(({ name }) => name);
    const sink = dice.chance(0.3) ? dice.pick(sinks) : null;
    const source = dice.chance(0.3) ? dice.pick(setup.sources).name : null;
    const uuids = [...oracle.recordings.values()].map(({ uuid }) => uuid).slice(0, 40);
    const kind = dice.pick([
      'redeliver',
      'redeliver',
      'redeliver',
      'announce',
      'release',
      'release',
      'discard',
    ] as const);
    if (kind === 'release' || kind === 'discard') this.#program.order({ kind, source });
    else if (kind === 'announce') this.#program.order({ kind, sink, uuids: uuids.filter(() => dice.chance(0.1)) });
    else {
      const dead = told.length === 0 || dice.chance(0.4);
      const to = dice.chance(0.15) ? dice.pick(sinks) : null;
      this.#program.order({ kind, ids: dead ? [] : [dice.pick(told)], dead, sink, to, sinceMs: null });
    }
  }

  /** The witness goes on, or it would wait for that. */
  #pauseOrResume(): void {
    const { dice, pauses, setup } = this.#world;
    if (this.#program?.state !== 'runs' || pauses.isAsked) return;
    const sinks = setup.sinks.map(({ name }) => name).filter((name) => name !== WITNESS_SINK);
    const subject = sinks.length > 0 && dice.chance(0.7) ? 'sink' : 'source';
    const name = dice.pick(subject === 'sink' ? sinks : setup.sources.map((source) => source.name));
    const kind = pauses.possible.has(`${subject}/${name}`) === dice.chance(0.9) ? 'resume' : 'pause';
    this.#program.order({ kind, subject, name });
  }

  /** Somebody remembers all that is paused. */
  async #resumeAll(): Promise<void> {
    const { pauses, time, oracle } = this.#world;
    const isFree = () => this.#program?.state === 'runs' && !pauses.isAsked;
    while (await time.runUntil(isFree, SETTLES_WITHIN_MS)) {
      const [subject, name] = [...pauses.possible][0]?.split('/') ?? [];
      if (subject === undefined || name === undefined) return;
      this.#program?.order({ kind: 'resume', subject: subject === 'sink' ? 'sink' : 'source', name });
    }
    oracle.violate('what is paused cannot be resumed');
  }

  #jump(): void {
    const { time, dice, oracle, say } = this.#world;
    const ms = dice.pick([-1, 1]) * dice.int(1, dice.pick([1_000, HOUR_MS, 3 * DAY_MS]));
    oracle.clockMoves();
    time.jump(ms);
    oracle.clockMoves();
    this.#trouble();
    say?.('clock', () => `jumps by ${ms} ms`);
  }

  /** Nothing goes wrong any more, and everything is configured. */
  #heal(): void {
    const { platform, accounts, store, sinks, say, setup, dice } = this.#world;
    say?.('world', () => 'heals');
    this.#healed = true;
    this.#trouble();
    platform.lying = 0;
    for (const account of accounts.values()) account.isOff = false;
    store.manners = { failing: 0, slow: 0 };
    store.outUntilMs = 0;
    sinks.moods.clear();
    this.#plan = slowPlan(wholePlan(setup), HOUR_MS);
    this.#checkTimers();
    if (this.#program?.state === 'runs' && this.#program.life.spare() && dice.chance(0.5)) {
      void this.#program.reload(this.#plan);
    } else {
      this.#program?.die();
    }
  }

  /** Time goes on until every list has been seen whole and nothing that can go is left. */
  async #settle(): Promise<void> {
    const { setup, oracle, store, time, accounts } = this.#world;
    await this.#resumeAll();
    const walks = setup.sources.map(({ name }) => ({
      ...{ name, before: oracle.completeWalks(name), fullBefore: oracle.fullWalks(name) },
    }));
    const isSettled = () =>
      this.#program?.state === 'runs' &&
      this.#program.idle &&
      walks.every(({ name, before }) => oracle.completeWalks(name) >= before + 3) &&
      walks.every(({ name, fullBefore }) => oracle.fullWalks(name) > fullBefore) &&
      store.pending === 0;
    if (await time.runUntil(isSettled, SETTLES_WITHIN_MS)) {
      for (const { name } of walks) oracle.checkShown(name, accounts.get(name)?.rows ?? []);
      return;
    }
    oracle.violate(`it does not settle: ${store.pending} deliveries are pending, the process ${this.#program?.state}`);
  }

  /** In some stories somebody decides about what is held, and wants what is dead. */
  async #orderRest(): Promise<void> {
    const { dice, store, time, oracle } = this.#world;
    const program = this.#program;
    if (program?.state !== 'runs' || dice.chance(0.5)) return;
    const held = store.held;
    if (held.length > 0) program.order({ kind: dice.pick(['release', 'discard']), source: null });
    await time.runUntil(() => program.idle && store.pending === 0, SETTLES_WITHIN_MS);
    if (store.held.some((key) => held.includes(key))) oracle.violate('deliveries are still held');
    if (store.dead > 0) program.order({ kind: 'redeliver', ids: [], dead: true, sink: null, to: null, sinceMs: null });
    if (!(await time.runUntil(() => program.idle && store.pending === 0, SETTLES_WITHIN_MS))) {
      oracle.violate('orders are not carried out');
    }
    if (store.dead > 0) oracle.violate(`${store.dead} dead deliveries were not delivered when that was asked for`);
  }

  async #finish(): Promise<void> {
    const { time, oracle, deliveries, operators, store } = this.#world;
    this.#checkTimers();
    this.#checkKeys();
    const program = this.#program;
    if (program?.state === 'runs') {
      void program.stop();
      if (!(await time.runUntil(() => program.state === 'over', STOPS_WITHIN_MS))) oracle.violate('it does not stop');
    }
    deliveries.checkEnd(new Set(store.outbox));
    operators.checkEnd((id) => deliveries.reached(id), deliveries.movedTo);
  }

  #checkTimers(): void {
    const timers = this.#program?.life.timers ?? 0;
    if (timers > TIMERS_MAX) this.#world.oracle.violate(`${timers} timers are waited for`);
  }

  /** Nothing is in the store but what is remembered, what waits, what was finished lately, and a few records more. */
  #checkKeys(): void {
    const { store, oracle, setup } = this.#world;
    const recordings = store.count('rec');
    if (recordings > oracle.recordings.size) oracle.violate(`the store remembers ${recordings} recordings, too many`);
    const others = store.shelves.filter((shelf) => !['rec', 'out', 'fin', 'src', 'sink'].includes(shelf));
    if (others.some((shelf) => store.count(shelf) > 10)) oracle.violate(`the store has too much of ${others}`);
    const marks = store.count('src') + store.count('sink');
    if (marks > setup.sources.length + setup.sinks.length) oracle.violate(`${marks} records of sources and sinks`);
  }
}
