import type { OperatorEvent } from '../core/operator-event.js';
import type { Log } from '../ports.js';

/** One line for each, also where no sink listens. */
export function logOperatorEvent(log: Log, event: OperatorEvent): void {
  const { id, source } = event;
  if (event.type === 'delivery.dead') {
    const { sink, reason, count } = event.data;
    log.error({ sink, reason, count, event: id }, 'deliveries were given up; redeliver them by hand');
    return;
  }
  const { reason, message: detail, since: sinceAt } = event.data;
  const subject = 'sink' in event.data ? { sink: event.data.sink, waiting: event.data.waiting } : { source };
  const fields = { ...subject, reason, detail, sinceAt, event: id };
  if (event.type === 'source.failing') log.error(fields, 'a source is failing');
  else if (event.type === 'sink.failing') log.error(fields, 'a sink is failing');
  else if (event.type === 'source.expiring') log.warn(fields, 'the credential of a source expires soon');
  else if (event.type === 'source.recovered') log.info(fields, 'a source works again');
  else log.info(fields, 'a sink works again');
}
