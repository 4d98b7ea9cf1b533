import { RequestError } from '@hono/node-server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { createRepeats, type Trouble } from '../engine/repeats.js';
import { StoreError } from '../store/errors.js';
import { BusyError } from '../views/lookup.js';
import { apiRoutes } from './api.js';
import { headers, onlyLocalNames, onlySameSite, onlyWithToken, refuse } from './guards.js';
import { healthRoutes } from './health.js';
import { hookRoutes } from './hook.js';
import { pageRoutes } from './pages.js';
import type { ServerPorts } from './ports.js';

/** Forms and queries are small. */
const BODY_BYTES_MAX = 16_384;

/** Somebody has forgotten to change it in one place, or guesses. */
const WRONG_TOKEN: Trouble = {
  ...{ subject: 'token', kind: 'token', level: 'warn', fields: {}, isPassing: true },
  message: 'a request came with a wrong token',
  sum: { message: 'requests go on coming with a wrong token', fields: {}, counts: 'requests' },
};

/** Every route of the server. */
export function createApp(ports: ServerPorts): Hono {
  const { metrics } = ports;
  const app = guarded(ports, [healthRoutes(ports), hookRoutes(ports)]);
  app.get('/metrics', async (context) => {
    const text = await metrics.text();
    return context.text(text, 200, { 'Content-Type': metrics.contentType });
  });
  app.route('/', apiRoutes(ports));
  app.route('/', pageRoutes(ports));
  app.notFound((context) => refuse(context, 404, 'there is nothing here; / shows how the program stands'));
  return app;
}

/** What every server of ours does before its routes. @param open routes that look after themselves, or are for everybody */
export function guarded(ports: Pick<ServerPorts, 'token' | 'clock' | 'log' | 'stopped'>, open: readonly Hono[]): Hono {
  const { token, log, stopped } = ports;
  const app = new Hono();
  app.use(headers);
  app.use(async (context, next) => {
    await next();
    if (!context.res.headers.has('cache-control')) context.header('Cache-Control', 'no-store');
  });
  app.use(
    bodyLimit({
      maxSize: BODY_BYTES_MAX,
      onError: (context) => refuse(context, 413, `a body of more than ${BODY_BYTES_MAX} bytes is not read`),
    }),
  );
  app.onError((error, context) => {
    if (error instanceof BusyError || error instanceof StoreError) return refuse(context, 503, error.message);
    // Of the adapter: a Host or a path that makes no URL.
    if (error instanceof RequestError || !URL.canParse(context.req.url))
      return refuse(context, 400, 'the request cannot be read');
    log.error({ error, method: context.req.method, route: context.req.routePath }, 'a request could not be answered');
    return context.json({ error: 'it could not be answered; the log says why' }, 500);
  });
  for (const routes of open) app.route('/', routes);
  const repeats = createRepeats(ports);
  stopped.addEventListener('abort', repeats.stop);
  app.use(token === undefined ? onlyLocalNames() : onlyWithToken(token, () => repeats.failed(WRONG_TOKEN)));
  app.use(onlySameSite());
  return app;
}
