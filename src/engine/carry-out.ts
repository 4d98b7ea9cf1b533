import type { Order, OrderLine } from '../core/order.js';
import { type AnnouncePorts, announce } from './announce.js';
import { decide } from './decide.js';
import { type PausePorts, pauseOrResume } from './pause-order.js';
import { redeliver } from './redeliver.js';

export type OrderPorts = AnnouncePorts & PausePorts;

/** Does what somebody asks for. An order that is broken off by the end of the program leaves what it had not reached as it was. */
export function carryOut(order: Order, ports: OrderPorts): AsyncGenerator<OrderLine> {
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
