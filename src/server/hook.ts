import { type Context, Hono } from 'hono';
import type { Timer } from '../ports.js';
import { credentialOf, isSame, refuse } from './guards.js';
import type { ServerPorts } from './ports.js';

/** However many hints come. */
const POLL_EVERY_MS = 5_000;
/** For the end of a poll under way. */
const LOOK_AGAIN_MS = 500;

type HookPorts = Pick<ServerPorts, 'clock' | 'log' | 'stopped'> & {
  readonly program: Pick<ServerPorts['program'], 'config' | 'status' | 'pollNow'>;
};

/**
 * The platform's own webhook is no more than a hint that a poll may be worth it: what it says is not read, so that nobody who finds the
 * address can invent a recording.
 */
export function hookRoutes({ program, clock, log, stopped }: HookPorts): Hono {
  const lastPollMs = new Map<string, number>();
  const planned = new Map<string, Timer>();
  stopped.addEventListener('abort', () => {
    for (const timer of planned.values()) timer.cancel();
  });

  /** At once, or when five seconds have passed since the last one and no poll is under way, which may be past the row already: no hint is lost. */
  function hint(source: string): void {
    if (planned.has(source) || stopped.aborted) return;
    const { sources, pauses } = program.status();
    // What is new is seen when somebody resumes it.
    if (pauses.some(({ kind, name }) => kind === 'source' && name === source)) return;
    const isPolling = sources.some(({ name, isPolling }) => name === source && isPolling);
    const sinceMs = clock.monotonicMs() - (lastPollMs.get(source) ?? Number.NEGATIVE_INFINITY);
    if (sinceMs >= POLL_EVERY_MS && !isPolling) {
      lastPollMs.set(source, clock.monotonicMs());
      void program.pollNow(source);
      return;
    }
    const timer = clock.after(Math.max(POLL_EVERY_MS - sinceMs, LOOK_AGAIN_MS), () => {
      planned.delete(source);
      hint(source);
    });
    planned.set(source, timer);
  }

  const hooks = new Hono();
  hooks.post('/hooks/:name', (context) => take(context, context.req.param('name'), undefined));
  hooks.post('/hooks/:type/:name', (context) => take(context, context.req.param('name'), context.req.param('type')));
  return hooks;

  /** By its name alone, the address stays when the source moves to another platform. */
  function take(context: Context, name: string, type: string | undefined): Response {
    const source = program.config.sources.find((each) => each.name === name);
    const isItsType = type === undefined || source?.definition.type === type;
    if (source?.hookToken === undefined || !isItsType) {
      return refuse(context, 404, 'there is no such hook: sources.NAME.hookToken opens one');
    }
    const given =
      context.req.query('token') ??
      context.req.header('x-hook-token') ??
      credentialOf(context.req.header('authorization'));
    if (given === undefined || !isSame(given, source.hookToken)) {
      return refuse(context, 401, `the hook wants sources.${name}.hookToken, as ?token= or as Bearer`);
    }
    log.debug({ source: name }, 'the platform hints at news');
    hint(name);
    return context.body(null, 204);
  }
}
