import type { Config } from '../config/config.js';
import type { Share } from '../engine/attempt.js';
import type { Notifier } from '../notifier.js';
import type { SharedWork } from '../queue/shared-work.js';
import type { StoreError } from '../store/errors.js';
import type { OpenedStore } from '../store/open.js';
import { VERSION } from '../version.js';
import type { CommandContext, CommonOptions } from './command.js';
import { type ConfiguredHttp, logBacklog, type logOf, logOpened, logWaiting, servedNotifierOf } from './session.js';

/** The command `run` at work. */
export interface Running {
  readonly options: CommonOptions;
  readonly http: ConfiguredHttp;
  readonly log: ReturnType<typeof logOf>;
  readonly context: CommandContext;
  /** As it was at the start: `store`, `queue` and `server` stay. */
  readonly first: Config;
  /** As it is now: a reload changes it. */
  config: Config;
  /** Of the process that owns the store, from its start to its stop. */
  notifier?: Notifier | undefined;
  /** Where processes share the attempts. */
  work?: SharedWork;
}

/**
 * The whole program on a store that this process owns, until it is stopped or has lost the store.
 *
 * @returns why it lost the store; undefined when it was stopped
 */
export async function lead(
  running: Running,
  opened: OpenedStore,
  stopped: Promise<void>,
  share?: Share,
): Promise<StoreError | undefined> {
  const { http, log, context, config, work } = running;
  const processes = work && (() => work.views);
  const surroundings = { store: opened.store, http, log, share, processes };
  const { notifier, serve } = await servedNotifierOf(config, surroundings, context);
  let server: Awaited<ReturnType<typeof serve>>;
  let lost: StoreError | undefined;
  try {
    logOpened(config, opened, log);
    await notifier.load();
    logWaiting(notifier, log);
    logBacklog(notifier.dispatcher, log);
    server = await serve().catch((error: unknown) => {
      // Several processes on one machine may want one address: that nobody can look is better than that nobody leads.
      if (work === undefined) throw error;
      log.error({ error }, 'there is no status page of this leader');
      return undefined;
    });
    log.info(
      {
        version: VERSION,
        ...(server !== undefined && { page: server.url }),
        config: config.file,
        sources: config.sources.length,
        sinks: config.sinks.length,
        store: opened.store.label,
      },
      'running',
    );
    notifier.start();
    running.notifier = notifier;
    if (running.config !== config) await notifier.reload(running.config);
    lost = await Promise.race([stopped.then(() => undefined), opened.lost]);
  } finally {
    running.notifier = undefined;
    await server?.close();
    await notifier.stop();
    await opened.store.close();
  }
  if (lost === undefined) log.info({ ...notifier.totals }, 'stopped');
  return lost;
}
