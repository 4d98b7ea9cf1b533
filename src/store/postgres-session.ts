import pg from 'pg';

/** Makes a new connection ready. Throws when it must not be used. */
export type Prepare = (client: pg.Client) => Promise<void>;

export type Row = Readonly<Record<string, unknown>>;

interface Connection {
  readonly client: pg.Client;
  readonly ready: Promise<pg.Client>;
}

/** What waits for the one connection. The engine has a few dozen under way at most. */
const WAITING_MAX = 1_000;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * One connection, made when it is needed and made anew after it was lost: what is under way on it fails, what comes later goes on.
 * Statements wait for each other, so a later write cannot overtake an earlier one.
 */
export class PostgresSession {
  readonly #url: string;
  readonly #prepare: Prepare;
  #connection: Connection | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** Counts what was given up. */
  #interrupts = 0;
  #isClosed = false;

  constructor(url: string, prepare: Prepare) {
    this.#url = url;
    this.#prepare = prepare;
  }

  async query(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    if (this.#isClosed) throw new Error('it is closed');
    if (this.#waiting >= WAITING_MAX) throw new Error(`${WAITING_MAX} statements wait for the server already`);
    const interrupts = this.#interrupts;
    this.#waiting += 1;
    const turn = this.#last.then(() => {
      this.#waiting -= 1;
      if (this.#interrupts !== interrupts) throw new Error('its connection was given up');
      return this.#run(sql, values);
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Ends the connection at once, whatever runs on it or waits for it: whoever asked has been told that it failed. */
  interrupt(): void {
    this.#interrupts += 1;
    if (this.#connection !== undefined) destroy(this.#connection.client);
    this.#connection = undefined;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#last;
    const client = await this.#connection?.ready.catch(() => undefined);
    this.#connection = undefined;
    await client?.end();
  }

  async #run(sql: string, values: readonly unknown[]): Promise<Row[]> {
    this.#connection ??= this.#connect();
    const client = await this.#connection.ready;
    const { rows } = await client.query<Row>(sql, [...values]);
    return rows;
  }

  #connect(): Connection {
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      application_name: 'recording-notifier',
    });
    const connection = { client, ready: this.#open(client) };
    const forget = () => {
      if (this.#connection === connection) this.#connection = undefined;
    };
    // An idle connection that drops says so by this event alone; without a listener it ends the process.
    client.on('error', forget);
    client.on('end', forget);
    connection.ready.catch(forget);
    return connection;
  }

  async #open(client: pg.Client): Promise<pg.Client> {
    try {
      await client.connect();
      await this.#prepare(client);
      return client;
    } catch (error) {
      destroy(client);
      throw error;
    }
  }
}

/** A polite goodbye would wait for a server that may not be there any more. */
function destroy(client: pg.Client): void {
  client.connection.stream.destroy();
}
