import { createHash } from 'node:crypto';
import type { Config } from '../../src/config/config.js';
import type { Order } from '../../src/core/order.js';
import type { OpenRequest } from '../../src/engine/requests.js';
import { Notifier, type NotifierPorts } from '../../src/notifier.js';
import type { Ledger, Store } from '../../src/ports.js';
import type { SinkDefinition } from '../../src/sinks/define.js';
import { StoreError } from '../../src/store/errors.js';
import { createLedger } from '../../src/store/ledger.js';
import { type Death, Life } from './life.js';
import { watchedLog } from './memory-log.js';
import { configOf, type Definitions, type Plan } from './setup.js';
import { type SourceTwist, sourceDefinitionFor } from './sim-source.js';
import type { World } from './world.js';

/** What a control breaks: each wraps something that the program is given. */
export interface Twist {
  readonly store?: (store: Store, world: World) => Store;
  readonly ledger?: (ledger: Ledger, world: World) => Ledger;
  readonly source?: SourceTwist;
  readonly sink?: (sink: SinkDefinition, world: World) => SinkDefinition;
  readonly ports?: (ports: NotifierPorts, world: World) => NotifierPorts;
}

export interface Run {
  readonly number: number;
  readonly death: Death | undefined;
  readonly twist: Twist;
  /** Called once, however it ends. */
  readonly onEnd: () => void;
}

/** One process from its start to its end, with the real program in it. */
export class Program {
  readonly life: Life;
  readonly notifier: Notifier;
  state: 'loads' | 'runs' | 'stops' | 'over' = 'loads';
  readonly #world: World;
  readonly #definitions: Definitions;
  readonly #onEnd: () => void;
  /** In force, or about to be. */
  #configs: Config[];
  #orders: OpenRequest[] = [];
  #parked: ((requests: readonly OpenRequest[]) => void) | undefined;
  #ordersOpen = 0;

  constructor(world: World, plan: Plan, run: Run) {
    this.#world = world;
    this.#onEnd = run.onEnd;
    this.life = new Life(run.number, world.time, run.death, () => this.#die());
    this.#definitions = definitionsFor(this.life, world, run.twist);
    const config = configOf(plan, this.#definitions);
    this.#configs = [config];
    world.oracle.configured(this.#configs);
    this.notifier = new Notifier(config, this.#ports(run.twist));
  }

  get idle(): boolean {
    return this.#ordersOpen === 0 && this.#configs.length === 1;
  }

  async start(): Promise<void> {
    try {
      await this.notifier.load();
    } catch (error) {
      if (!(error instanceof StoreError)) this.#world.oracle.violate(`it could not start: ${error}`);
      this.#end('ends, since it could not read the store');
      return;
    }
    this.state = 'runs';
    this.notifier.start();
  }

  die(): void {
    if (this.state !== 'over') this.#die();
  }

  async stop(): Promise<void> {
    this.state = 'stops';
    this.#world.say?.('operator', () => 'stops it');
    const stopped = this.notifier.stop();
    this.#parked?.([]);
    await stopped;
    if (!this.life.alive) return;
    this.#world.tally.add('stops');
    this.#end('has stopped');
  }

  async reload(plan: Plan): Promise<void> {
    const config = configOf(plan, this.#definitions);
    this.#configs.push(config);
    this.#world.tally.add('reloads');
    this.#world.say?.('operator', () => `reloads: ${[...plan.sources, ...plan.sinks].map(describe).join(', ')}`);
    this.#world.oracle.configured(this.#configs);
    await this.notifier.reload(config);
    if (!this.life.alive) return;
    this.#configs.splice(0, this.#configs.indexOf(config));
    this.#world.oracle.configured(this.#configs);
  }

  order(order: Order): void {
    this.#world.tally.add('orders');
    this.#world.say?.('operator', () => `orders ${JSON.stringify(order)}`);
    this.#world.deliveries.ordered(order);
    this.#world.pauses.ordered(order);
    this.#ordersOpen += 1;
    const request: OpenRequest = {
      order,
      answer: async (lines, _more, error) => {
        this.#ordersOpen -= 1;
        this.#world.pauses.answered(order, lines, error);
      },
    };
    this.#orders.push(request);
    this.#parked?.(this.#orders.splice(0));
  }

  #die(): void {
    this.#world.tally.add('deaths');
    this.#end('dies');
  }

  #end(how: string): void {
    this.state = 'over';
    this.life.end();
    this.#world.say?.('process', () => `${this.life.number} ${how}`);
    this.#world.oracle.lifeEnds();
    this.#onEnd();
  }

  #ports(twist: Twist): NotifierPorts {
    const { life } = this;
    const { store: simStore, platform, say, oracle, dice } = this.#world;
    const opened = simStore.openFor(life);
    const ledger = createLedger(twist.store?.(opened, this.#world) ?? opened);
    const ports: NotifierPorts = {
      ledger: twist.ledger?.(ledger, this.#world) ?? ledger,
      takeRequests: () => this.#takeRequests(),
      http: platform.clientFor(life),
      cron: life.cron,
      clock: life.clock,
      random: dice.fork(`process ${life.number}`).next,
      sha256: (text) => createHash('sha256').update(text, 'utf8').digest('hex'),
      log: watchedLog(life, say, (what) => oracle.violate(what)),
      print: async () => undefined,
    };
    return twist.ports?.(ports, this.#world) ?? ports;
  }

  /** Answers when there is something: looking twice a second would be most of the story. */
  #takeRequests(): Promise<readonly OpenRequest[]> {
    if (this.state !== 'runs' || this.#orders.length > 0) return Promise.resolve(this.#orders.splice(0));
    return new Promise((resolve) => {
      this.#parked = (requests) => {
        this.#parked = undefined;
        resolve(requests);
      };
    });
  }
}

function definitionsFor(life: Life, world: World, twist: Twist): Definitions {
  const sink = world.sinks.definitionFor(life) as SinkDefinition;
  return { source: sourceDefinitionFor(world.oracle, twist.source), sink: twist.sink?.(sink, world) ?? sink };
}

function describe(item: { readonly name: string; readonly enabled?: boolean; readonly roomId?: string | undefined }) {
  return `${item.name}${item.enabled === false ? ' (disabled)' : ''}${item.roomId === undefined ? '' : ` of ${item.roomId}`}`;
}
