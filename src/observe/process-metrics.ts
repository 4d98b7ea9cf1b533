import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { once } from '../once.js';

/** Gauges of prom-client whose names end as only those of counters may. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

export interface ProcessFacts {
  readonly version: string;
  /** Whether it polls, decides and writes. */
  readonly leads: boolean;
  readonly isReady: () => boolean;
}

/** Of Node. Its observers are never taken away, and a process may lead several times. */
const nodeMetrics = once(() => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  return registry;
});

/** What every process tells of itself. */
export function createProcessRegistry({ version, leads, isReady }: ProcessFacts): Registry {
  const registry = Registry.merge([nodeMetrics()]) as Registry;
  const registers = [registry];
  const buildInfo = { name: 'recording_notifier_build_info', help: 'Always 1, with the version.' };
  new Gauge({ ...buildInfo, labelNames: ['version'], registers }).set({ version }, 1);
  new Gauge({
    ...{ name: 'recording_notifier_leads', help: '1 unless it is a worker on the queue of another one.', registers },
  }).set(leads ? 1 : 0);
  new Gauge({
    ...{ name: 'recording_notifier_ready', help: 'Whether /readyz says that it is ready.', registers },
    collect() {
      this.set(isReady() ? 1 : 0);
    },
  });
  return registry;
}
