import { Hono } from 'hono';
import { html } from 'hono/html';
import { createProcessRegistry } from '../observe/process-metrics.js';
import type { Clock, Log } from '../ports.js';
import { type ProcessView, processName } from '../views/process-view.js';
import { guarded } from './app.js';
import { refuse } from './guards.js';
import { layout } from './pages/layout.js';
import { time } from './pages/parts.js';
import { processList } from './pages/processes.js';
import { assetRoutes } from './pages.js';

/** What a process that does not lead knows. */
export interface WorkerStatus {
  readonly version: string;
  readonly startedAt: string;
  readonly role: 'worker';
  readonly ready: boolean;
  /** Why it is not ready, in words. */
  readonly reasons: readonly string[];
  /** Who owns the store; null while that is not known. */
  readonly leader: { readonly host: string; readonly pid: number; readonly since: string } | null;
  readonly processes: readonly ProcessView[];
  readonly store: { readonly label: string };
}

export interface WorkerServerPorts {
  readonly status: () => WorkerStatus;
  readonly token: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly stopped: AbortSignal;
}

/** The server of a process that does not lead: how it stands, and who is to be asked for the rest. */
export function createWorkerApp(ports: WorkerServerPorts): Hono {
  const { status } = ports;
  const leaderName = () => {
    const { leader } = status();
    return leader === null ? null : processName(leader);
  };
  const open = new Hono()
    .get('/healthz', (context) => context.json({ status: 'ok' }))
    .get('/readyz', (context) => {
      const { ready, reasons, role } = status();
      return context.json({ ready, reasons, role, leader: leaderName() }, ready ? 200 : 503);
    });
  const app = guarded(ports, [open]);
  app.route('/', assetRoutes());
  const { version } = status();
  const metrics = createProcessRegistry({ version, leads: false, isReady: () => status().ready });
  app.get('/metrics', async (context) =>
    context.text(await metrics.metrics(), 200, { 'Content-Type': metrics.contentType }),
  );
  app.get('/api/status', (context) => context.json(status()));
  app.get('/', async (context) => context.html(String(await page(status()))));
  app.notFound((context) => {
    const leader = leaderName();
    const who = leader === null ? 'nobody is known to lead now; ask again' : `${leader} leads, and answers this`;
    return refuse(context, 503, `this process is a worker: ${who}`);
  });
  return app;
}

function page({ version, startedAt, reasons, leader, processes, store }: WorkerStatus) {
  const title = leader === null ? 'A worker; nobody is known to lead' : `A worker; ${processName(leader)} leads`;
  const body = html`<h1>${title}</h1>
<section id="attention" data-part>${reasons.map((reason) => html`<p class="notice">${reason}</p>`)}
<p>This process makes attempts, and leads as soon as nobody else does. Sources, sinks and deliveries are shown by the one that leads${
    leader === null ? '' : html`: <strong>${processName(leader)}</strong>, since ${time(leader.since)}`
  }.</p></section>
${processList(processes)}
<footer id="foot" data-part><p>Version ${version}, started ${time(startedAt)}. Store: <code>${store.label}</code>.</p></footer>`;
  return layout({ title, at: 'overview', body, isLive: true });
}
