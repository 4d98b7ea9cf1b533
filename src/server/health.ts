import { Hono } from 'hono';
import type { ServerPorts } from './ports.js';

/** For whoever restarts it or sends it traffic: both are open to everybody, and say nothing but how it is. */
export function healthRoutes({ program }: Pick<ServerPorts, 'program'>): Hono {
  return new Hono()
    .get('/healthz', (context) => context.json({ status: 'ok' }))
    .get('/readyz', (context) => {
      const reasons = program.notReady();
      return context.json({ ready: reasons.length === 0, reasons }, reasons.length === 0 ? 200 : 503);
    });
}
