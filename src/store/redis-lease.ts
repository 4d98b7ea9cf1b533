import type { Clock, Timer } from '../ports.js';
import { withTimeout } from './deadline.js';
import type { RedisClient } from './redis.js';

export const CALL_TIMEOUT_MS = 5_000;
const LEASE_MS = 15_000;
const RENEW_MS = 5_000;
/** What is written by then has its end before the lease has. */
const WRITABLE_MS = LEASE_MS - CALL_TIMEOUT_MS;

/** KEYS: lease, holder. ARGV: who asks, life in ms. The holder outlives the lease: it tells whether another one came meanwhile. */
const TAKE = `
if redis.call('exists', KEYS[1]) == 1 then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
redis.call('set', KEYS[2], ARGV[1])
return 1`;
const RENEW = `
if redis.call('get', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
return 1`;
const RELEASE = `
if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end
return 1`;

/**
 * Ownership of a store in Redis: a key with a short life, which its owner renews. A lease that ran out is taken again as long as no
 * other process had it: only then is what this one remembers still true.
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
  #timer: Timer | undefined;

  constructor(client: RedisClient, prefix: string, holder: string, clock: Clock, interrupt: () => void) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.lost = promise;
    this.#lose = resolve;
    this.#client = client;
    this.#keys = [`${prefix}!lease`, `${prefix}!holder`];
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

  /** Lets those pass who never took it: they leave requests. */
  assertHeld(): void {
    if (this.#state === 'lost') throw new Error('another process has taken the store over, or Redis has lost it');
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
    if (isOurs === false) {
      this.#state = 'lost';
      this.#lose();
      return;
    }
    this.#renewLater();
  }

  /** From the moment of asking on: the server counts from a later one. */
  async #ask(script: string): Promise<boolean> {
    const askedAtMs = this.#clock.monotonicMs();
    const asking = this.#client.eval(script, { keys: this.#keys, arguments: [this.#holder, String(LEASE_MS)] });
    const isDone = (await withTimeout(this.#clock, CALL_TIMEOUT_MS, asking, this.#interrupt)) === 1;
    if (isDone) this.#writableUntilMs = askedAtMs + WRITABLE_MS;
    return isDone;
  }
}
