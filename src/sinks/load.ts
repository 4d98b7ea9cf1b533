import { loadOwnType, type UnusableType } from '../own-module.js';
import type { SinkDefinition } from './define.js';
import { defineOwnSink, flawOf, type OwnSink } from './own.js';

/** The sink type that a module exports; undefined when the name is that of no module. */
export function loadSinkType(type: string): SinkDefinition | UnusableType | undefined {
  return loadOwnType<SinkDefinition>(type, {
    kind: 'sink',
    maker: 'defineSink',
    awaits: 'deliver',
    flawOf,
    define: (value) => defineOwnSink(value as OwnSink),
  });
}
