import type { Clock, Timer } from '../ports.js';
import type { Bullmq } from './bullmq.js';

const CALL_MS = 3_000;
/** Who has not been heard for so long is gone. */
const SILENCE_S_MAX = 12;
const PROCESSES_MAX = 1_000;

export type Role = 'leader' | 'worker';

/** A process that makes attempts, as others see it. */
export interface Member {
  readonly host: string;
  readonly pid: number;
  readonly role: Role;
  /** As in `Seal`: those of another one take no part. */
  readonly fingerprint: string;
  readonly sinceMs: number;
}

/** KEYS: the roll. ARGV: who calls, what it says (nothing: it leaves), the longest silence in s, the most that are told. By the server's clock. */
const CALL = `
local now = tonumber(redis.call('time')[1])
if ARGV[2] == '' then redis.call('hdel', KEYS[1], ARGV[1])
else redis.call('hset', KEYS[1], ARGV[1], now .. ' ' .. ARGV[2]) end
local all = redis.call('hgetall', KEYS[1])
local there = {}
for i = 1, #all, 2 do
  local at = tonumber(string.match(all[i + 1], '^%d+'))
  if now - at > tonumber(ARGV[3]) then redis.call('hdel', KEYS[1], all[i])
  elseif #there < tonumber(ARGV[4]) then there[#there + 1] = string.match(all[i + 1], '^%d+ (.*)$') end
end
redis.call('expire', KEYS[1], ARGV[3])
return there`;

export interface RollPorts {
  readonly bullmq: Pick<Bullmq, 'ask' | 'prefix'>;
  readonly clock: Clock;
  /** What this process is, now. */
  readonly self: () => Member;
  /** Called after each call that was answered. */
  readonly heard: (members: readonly Member[]) => void;
  readonly trouble: (error: unknown) => void;
}

/** Which processes share the attempts: each says every three seconds that it is there. */
export class Roll {
  readonly #ports: RollPorts;
  readonly #name: string;
  #members: readonly Member[] = [];
  #timer: Timer | undefined;
  #stopped = false;

  constructor(ports: RollPorts) {
    const { host, pid, sinceMs } = ports.self();
    this.#ports = ports;
    this.#name = `${host}/${pid}/${sinceMs}`;
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  /** At once, and then every three seconds. */
  async call(): Promise<void> {
    this.#timer?.cancel();
    const { bullmq, clock, self, heard, trouble } = this.#ports;
    try {
      this.#members = await callRoll(bullmq, this.#name, self());
      heard(this.#members);
    } catch (error) {
      trouble(error);
    }
    if (!this.#stopped) this.#timer = clock.after(CALL_MS, () => void this.call());
  }

  async leave(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await callRoll(this.#ports.bullmq, this.#name).catch(() => undefined); // Its silence says the same.
  }
}

/** @param self undefined: only looks, or leaves */
export async function callRoll(
  { ask, prefix }: Pick<Bullmq, 'ask' | 'prefix'>,
  name = '',
  self?: Member,
): Promise<readonly Member[]> {
  const said = self === undefined ? '' : JSON.stringify(self);
  const answer = await ask.eval(CALL, 1, `${prefix}!processes`, name, said, SILENCE_S_MAX, PROCESSES_MAX);
  return (answer as string[]).map((text) => JSON.parse(text) as Member);
}
