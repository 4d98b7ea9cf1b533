import type { HttpAnswer, HttpClient, HttpFailure, HttpRequest } from '../../src/ports.js';
import { type Account, PLATFORM_LIES, type PlatformLie, type Row } from './account.js';
import type { Dice } from './dice.js';
import { type Life, never } from './life.js';
import type { Say } from './sim-store.js';
import type { Tally } from './tally.js';
import type { SimTime } from './time.js';

/** What every URL of a recording holds, and no store or log may. */
export const URL_MARK = 'Signature=sim';
export const SECRET = 'sim-secret-7c1e';

/** What an answer showed, apart from how the product reads it. */
export interface HandedOut {
  /** Its valid rows. */
  readonly rows: readonly Row[];
  /** Everything that the list holds under these filters, in truth. */
  readonly whole: readonly string[];
  /** It looks like more, or less, than it is. */
  readonly isLie: boolean;
  /** Rows that have gone away so far. */
  readonly removals: number;
}

type Answer = HttpAnswer | HttpFailure;

/** Nobody's body says what it is about, so that it is remembered beside it. */
const handedOut = new WeakMap<object, HandedOut>();

export function handedOutBy(answer: Answer): HandedOut | undefined {
  return handedOut.get(answer);
}

export interface PlatformWorld {
  readonly time: SimTime;
  readonly dice: Dice;
  readonly tally: Tally;
  readonly say: Say;
  readonly accounts: ReadonlyMap<string, Account>;
}

/** The platform over HTTP, as badly as `GET /recording` may behave. Each account is a host of its own. */
export class SimPlatform {
  readonly #world: PlatformWorld;
  readonly #dice: Dice;
  #signatures = 0;
  /** Of requests, while it lies at all. */
  lying = 0;
  lies: readonly PlatformLie[] = PLATFORM_LIES;

  constructor(world: PlatformWorld) {
    this.#world = world;
    this.#dice = world.dice.fork('platform');
  }

  clientFor(life: Life): HttpClient {
    return {
      request: (request) => this.#request(life, request),
      open: async () => failure('connection_failed'),
      connect: async () => undefined,
      close: async () => undefined,
    };
  }

  #request(life: Life, request: HttpRequest): Promise<Answer> {
    const act = life.act('ask');
    if (act !== 'lives') return never();
    if (request.signal.aborted) return Promise.resolve(failure('aborted'));
    const { dice, lie } = { dice: this.#dice, lie: this.#drawLie() };
    const delayMs = lie === 'slow' ? dice.int(1_000, Math.round(request.timeoutMs * 1.5)) : dice.int(2, 120);
    return new Promise((resolve) => {
      const answering = life.after(Math.min(delayMs, request.timeoutMs), () => {
        listening.cancel();
        resolve(delayMs > request.timeoutMs ? this.#tooSlow() : this.#answer(request, lie));
      });
      const listening = life.onAbort(request.signal, () => {
        listening.cancel();
        answering.cancel();
        resolve(failure('aborted'));
      });
    });
  }

  #drawLie(): PlatformLie | undefined {
    if (!this.#dice.chance(this.lying)) return undefined;
    const lie = this.#dice.pick(this.lies);
    this.#world.tally.add(`platform ${lie}`);
    return lie;
  }

  #tooSlow(): Answer {
    const body = Buffer.from('[');
    return this.#dice.chance(0.5)
      ? failure('timeout')
      : { kind: 'answer', status: 200, headers: {}, body, bodyProblem: 'timeout' };
  }

  #answer(request: HttpRequest, lie: PlatformLie | undefined): Answer {
    const url = new URL(request.url);
    const account = this.#world.accounts.get(url.hostname.split('.')[0] ?? '');
    this.#world.say?.('platform', () => `answers ${url.hostname}${url.search} ${lie ?? 'with the list'}`);
    if (account === undefined) return answer(404, { statusCode: 404, message: 'no such account' });
    const dice = this.#dice;
    switch (lie) {
      case 'unauthorized':
        return answer(401, { statusCode: 401, message: 'Unauthorized' });
      case 'rate limit':
        return answer(429, { statusCode: 429 }, { 'retry-after': String(dice.pick([1, 30, 600])) });
      case 'bad gateway':
        return answer(502, '<html>Bad Gateway</html>');
      case 'login page':
        return answer(200, '<html>Please log in</html>');
      case 'error with 200':
        return answer(200, { statusCode: 500, message: ['internal', SECRET] });
      case 'reset':
        return failure(dice.pick(['connection_failed', 'dns_failed', 'tls_failed']));
      default:
        return this.#list(account, url.searchParams, account.isOff ? 'empty list' : lie);
    }
  }

  #list(account: Account, query: URLSearchParams, lie: PlatformLie | undefined): Answer {
    const dice = this.#dice;
    const all = account.rows.filter(
      ({ roomId, meetingId }) =>
        (query.get('roomId') ?? roomId) === roomId &&
        (lie === 'filter ignored' || (query.get('meetingId') ?? meetingId) === meetingId),
    );
    const size = Math.min(Number(query.get('take')), account.pageMax);
    const asked = Number(query.get('page'));
    const page = lie === 'paging ignored' ? 1 : asked;
    const listed = lie === 'empty list' ? [] : all;
    const rows = account.isBare ? listed : listed.slice((page - 1) * size, page * size);
    if (lie === 'row between pages') account.add(dice, rows.length);
    if (lie === 'row gone between pages') account.removeOne(dice);
    const shown = lie === 'odd rows' ? this.#withOddRows(rows) : rows.map((row) => this.#json(row));
    const total = Math.max(0, listed.length + (lie === 'wrong total' ? dice.int(-3, 3) : 0));
    const pages = Math.ceil(listed.length / size) + (lie === 'wrong number of pages' ? dice.int(-2, 2) : 0);
    const pagination = { page: dice.chance(0.5) ? page : asked, totalPages: Math.max(0, pages), limit: size, total };
    const said = account.isBare ? shown : account.hasTotals ? { data: shown, pagination } : { data: shown };
    const whole = JSON.stringify(said);
    const text = lie === 'truncated' ? whole.slice(0, dice.int(1, whole.length - 1)) : whole;
    const answered = answer(200, text);
    if (lie !== 'truncated') {
      const isLie = lie !== undefined && lie !== 'odd rows' && lie !== 'slow';
      handedOut.set(answered, {
        rows: validRows(shown),
        whole: all.map(({ uuid }) => uuid),
        isLie,
        removals: account.removals,
      });
    }
    return answered;
  }

  #withOddRows(rows: readonly Row[]): unknown[] {
    const dice = this.#dice;
    const shown: unknown[] = rows.map((row) => this.#json(row));
    const odd = [
      null,
      'text',
      { status: 'available', roomId: 'x' },
      { uuid: '', status: 'available' },
      { uuid: 7, status: 'available' },
      { uuid: 'x'.repeat(201), status: 'available' },
      { uuid: 'no-status' },
      ...rows.map((row) => ({ ...this.#json(row), status: dice.pick(['available', 'processing', row.status]) })),
      ...rows.map((row) => ({ ...this.#json(row), extra: { deep: [1] }, createdAt: 5 })),
    ];
    for (let count = dice.int(1, 3); count > 0; count -= 1) shown.splice(dice.int(0, shown.length), 0, dice.pick(odd));
    return shown;
  }

  #json(row: Row) {
    const { uuid, status, roomId, meetingId, createdAt } = row;
    return { uuid, url: this.#url(row), roomId, status, meetingId, createdAt };
  }

  /** Signed anew for every answer. */
  #url({ uuid, status }: Row): string | null {
    const dice = this.#dice;
    if (status === 'processing') return dice.pick([null, '']);
    if (dice.chance(0.03)) return null;
    this.#signatures += 1;
    const expires = Math.floor(this.#world.time.nowMs / 1_000) + dice.pick([60, 3_600, 84_600]);
    const life = dice.chance(0.8) ? `&Expires=${expires}` : '';
    return `https://media.example/${encodeURIComponent(uuid)}.mp4?AWSAccessKeyId=AKSIM${life}&${URL_MARK}${this.#signatures}`;
  }
}

/** By the contract: a text of 1 to 200 characters for a uuid, and one for a status. */
function validRows(rows: readonly unknown[]): Row[] {
  return rows.filter(
    (row): row is Row =>
      typeof row === 'object' &&
      row !== null &&
      'uuid' in row &&
      typeof row.uuid === 'string' &&
      row.uuid.length >= 1 &&
      row.uuid.length <= 200 &&
      'status' in row &&
      typeof row.status === 'string',
  );
}

function answer(status: number, said: unknown, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  const body = Buffer.from(typeof said === 'string' ? said : JSON.stringify(said));
  return { kind: 'answer', status, headers: { 'content-type': 'application/json', ...headers }, body };
}

function failure(reason: HttpFailure['reason']): HttpFailure {
  return { kind: 'failure', reason, detail: `${reason}, as drawn` };
}
