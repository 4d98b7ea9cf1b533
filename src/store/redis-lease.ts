import type { Clock, Timer } from '../ports.js';
import { withTimeout } from './deadline.js';
import type { RedisClient } from './redis.js';

export const CALL_TIMEOUT_MS = 5_000;
const LEASE_MS = 15_000;
const RENEW_MS = 5_000;
/** What is written by then has its end before the lease has. */
const WRITABLE_MS = LEASE_MS - CALL_TIMEOUT_MS;

/**
 * KEYS: lease, holder, connection. ARGV: who asks, its connection, life in ms. The holder outlives the lease: it tells whether another
 * one came meanwhile.
 */
const TAKE = `
if redis.call('exists', KEYS[1]) == 1 then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[3])
redis.call('set', KEYS[2], ARGV[1])
redis.call('set', KEYS[3], ARGV[2])
return 1`;
const RENEW = `
if redis.call('get', KEYS[2]) ~= ARGV[1] or tonumber(redis.call('get', KEYS[3]) or 0) > tonumber(ARGV[2]) then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[3])
redis.call('set', KEYS[3], ARGV[2])
return 1`;
/** KEYS: the three, then those to write. ARGV: who asks, its connection, then a value for each key, or none at all to delete them. */
const WRITE = `
if redis.call('get', KEYS[2]) ~= ARGV[1] or redis.call('get', KEYS[3]) ~= ARGV[2] then return 0 end
for i = 4, #KEYS do
  if #ARGV > 2 then redis.call('set', KEYS[i], ARGV[i - 1]) else redis.call('del', KEYS[i]) end
end
return 1`;
const RELEASE = `
if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end
return 1`;

/**
 * Ownership of a store in Redis: a key with a short life, which its owner renews. A lease that ran out is taken again as long as no
 * other process had it: only then is what this one remembers still true.
 *
 * Redis itself looks at each write of an owner: one that arrives late is refused, be it that its process was stopped, the machine
 * slept or the network held it up, and that another owner has come or that this one has gone on over a new connection.
 */
export class RedisLease {
  readonly lost: Promise<void>;
  readonly #client: RedisClient;
  readonly #keys: string[];
  readonly #holder: string;
  readonly #clock: Clock;
  readonly #interrupt: () => void;
  readonly #lose: () => void;
  #state: 'free' | 'held' | 'lost' = 'free';
  #writableUntilMs = 0;
  /** Counts the connections. Redis is told of a new one before anything else is asked over it. */
  #connection = 0;
  #toldConnection = 0;
  #timer: Timer | undefined;

  constructor(client: RedisClient, prefix: string, holder: string, clock: Clock, interrupt: () => void) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.lost = promise;
    this.#lose = resolve;
    this.#client = client;
    this.#keys = [`${prefix}!lease`, `${prefix}!holder`, `${prefix}!connection`];
    this.#holder = holder;
    this.#clock = clock;
    this.#interrupt = interrupt;
  }

  async take(): Promise<boolean> {
    if (!(await this.#ask(TAKE))) return false;
    this.#state = 'held';
    this.#renewLater();
    return true;
  }

  async isTaken(): Promise<boolean> {
    return (await this.#client.exists(this.#keys[0] ?? '')) === 1;
  }

  /** What was sent before and has not arrived yet is not to arrive any more. */
  connected(): void {
    this.#connection += 1;
  }

  /** To be called before anything is asked. Throws when this process is no owner any more. */
  async beginConnection(): Promise<void> {
    if (this.#state === 'free' || this.#toldConnection === this.#connection) return;
    if (!(await this.#ask(RENEW))) this.#end();
    this.assertHeld();
  }

  get isHeld(): boolean {
    return this.#state !== 'free';
  }

  /** All or nothing. @param values one for each key; undefined deletes the keys */
  async write(keys: readonly string[], values: readonly string[] = []): Promise<void> {
    await this.beginConnection();
    const isDone = await this.#client.eval(WRITE, {
      keys: [...this.#keys, ...keys],
      arguments: [this.#holder, String(this.#connection), ...values],
    });
    if (isDone !== 1) throw new Error(TAKEN_OVER);
  }

  /** Lets those pass who never took it: they leave requests. */
  assertHeld(): void {
    if (this.#state === 'lost') throw new Error(TAKEN_OVER);
    if (this.#state === 'held' && this.#clock.monotonicMs() >= this.#writableUntilMs)
      throw new Error('the ownership could not be renewed in time; nothing is written until it is');
  }

  async release(): Promise<void> {
    this.#timer?.cancel();
    if (this.#state !== 'held') return;
    this.#state = 'free';
    await this.#ask(RELEASE).catch(() => {}); // It ends by itself.
  }

  #renewLater(): void {
    this.#timer = this.#clock.after(RENEW_MS, () => void this.#renew());
  }

  /** At an answer that does not come, the next try is the next chance; until then what is left of the lease counts. */
  async #renew(): Promise<void> {
    const isOurs = await this.#ask(RENEW).catch(() => undefined);
    if (this.#state !== 'held') return;
    if (isOurs === false) this.#end();
    else this.#renewLater();
  }

  #end(): void {
    this.#state = 'lost';
    this.#timer?.cancel();
    this.#lose();
  }

  /** From the moment of asking on: the server counts from a later one. */
  async #ask(script: string): Promise<boolean> {
    const askedAtMs = this.#clock.monotonicMs();
    const connection = this.#connection;
    const asking = this.#client.eval(script, {
      keys: this.#keys,
      arguments: [this.#holder, String(connection), String(LEASE_MS)],
    });
    const isDone = (await withTimeout(this.#clock, CALL_TIMEOUT_MS, asking, this.#interrupt)) === 1;
    if (isDone) {
      this.#writableUntilMs = askedAtMs + WRITABLE_MS;
      this.#toldConnection = connection;
    }
    return isDone;
  }
}

const TAKEN_OVER = 'another process has taken the store over, or Redis has lost it';
