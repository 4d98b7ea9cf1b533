import { createTask, setLogger } from 'node-cron';
import type { Log, Timer } from '../ports.js';

/** Calls back at the times of a cron expression. Missed times are not caught up. */
export type Cron = (expression: string, timezone: string, callback: () => void) => Timer;

/** Cron on node-cron. Expression and timezone have been checked by the config. */
export function createCron(log: Log): Cron {
  setLogger({
    debug: (message) => log.debug({}, String(message)),
    info: (message) => log.debug({}, String(message)),
    warn: (message) => log.warn({ message: String(message) }, 'node-cron warns'),
    error: (message) => log.error({ error: message }, 'node-cron failed'),
  });
  return (expression, timezone, callback) => {
    // After a long suspend node-cron would report every missed time, thousands of them, before anything else runs.
    const task = createTask(expression, callback, { timezone, suppressMissedWarning: true });
    void task.start();
    return { cancel: () => void task.destroy() };
  };
}
