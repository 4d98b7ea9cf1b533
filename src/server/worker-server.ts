import type { ListenAddress } from '../config/listen.js';
import { type RunningServer, startServer } from './server.js';
import { createWorkerApp, type WorkerServerPorts } from './worker.js';

/** Listens; rejects with Node's error where it cannot. */
export function startWorkerServer(
  address: ListenAddress,
  ports: Omit<WorkerServerPorts, 'stopped'>,
): Promise<RunningServer> {
  return startServer(address, ports.clock, (stopped) => createWorkerApp({ ...ports, stopped }));
}
