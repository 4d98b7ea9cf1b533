import { Hono } from 'hono';
import { reloadText } from '../views/reload-words.js';
import type { ServerPorts } from './ports.js';

/** For whoever restarts it or sends it traffic: both are open to everybody, and say nothing but how it is. */
export function healthRoutes({ program, processes }: Pick<ServerPorts, 'program' | 'processes'>): Hono {
  return new Hono()
    .get('/healthz', (context) => context.json({ status: 'ok' }))
    .get('/readyz', (context) => {
      const reasons = program.notReady();
      // The errors themselves are for who may see the status.
      const notice = reloadText(program.status().config);
      const notices = notice === undefined ? {} : { notices: [notice] };
      const role = processes === undefined ? {} : { role: 'leader' };
      const answer = { ready: reasons.length === 0, reasons, ...notices, ...role };
      return context.json(answer, answer.ready ? 200 : 503);
    });
}
