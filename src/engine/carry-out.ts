import type { Order, OrderLine } from '../core/order.js';
import type { Log, LogFields } from '../ports.js';
import { type AnnouncePorts, announce } from './announce.js';
import { decide } from './decide.js';
import { type PausePorts, pauseOrResume } from './pause-order.js';
import { redeliver } from './redeliver.js';

export type OrderPorts = AnnouncePorts & PausePorts;

/** Of what was named in the log line; who names more finds the first. */
const IDS_LOGGED_MAX = 20;

/** Does what somebody asks for. An order that is broken off by the end of the program leaves what it had not reached as it was. */
export async function* carryOut(order: Order, ports: OrderPorts & { readonly log: Log }): AsyncGenerator<OrderLine> {
  const counts: Record<string, number> = {};
  try {
    for await (const line of linesOf(order, ports)) {
      counts[line.result] = (counts[line.result] ?? 0) + ('count' in line ? line.count : 1);
      yield line;
    }
  } finally {
    const { kind } = order;
    // What is paused and resumed has its own line.
    if (kind !== 'pause' && kind !== 'resume')
      ports.log.info({ order: kind, ...subjectOf(order), ...counts }, 'carried out what somebody asked for');
  }
}

function subjectOf(order: Order): LogFields {
  const { source, sink, to, dead, sinceMs } = {
    source: null,
    sink: null,
    to: null,
    dead: false,
    sinceMs: null,
    ...order,
  };
  return {
    ...(source !== null && { source }),
    ...(sink !== null && { sink }),
    ...(to !== null && { to }),
    ...(dead && { dead }),
    ...(sinceMs !== null && { since: new Date(sinceMs).toISOString() }),
    ...namesOf(order),
  };
}

/** `asked` is there where not all are. */
function namesOf(order: Order): LogFields {
  const [key, names] =
    order.kind === 'redeliver'
      ? ['ids', order.ids]
      : order.kind === 'announce'
        ? ['recordings', order.uuids]
        : ['ids', []];
  if (names.length === 0) return {};
  const isCut = names.length > IDS_LOGGED_MAX;
  return { [key]: names.slice(0, IDS_LOGGED_MAX), ...(isCut && { asked: names.length }) };
}

function linesOf(order: Order, ports: OrderPorts): AsyncGenerator<OrderLine> {
  switch (order.kind) {
    case 'redeliver':
      return redeliver(order, ports);
    case 'announce':
      return announce(order, ports);
    case 'release':
    case 'discard':
      return decide(order, ports);
    case 'pause':
    case 'resume':
      return pauseOrResume(order, ports);
  }
}
