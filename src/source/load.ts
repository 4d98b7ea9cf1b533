import { loadOwnType, type UnusableType } from '../own-module.js';
import type { SourceDefinition } from './define.js';
import { defineOwnSource, flawOf, isDefinedAlready, type OwnSourceType } from './own.js';

/** The source type that a module exports; undefined when the name is that of no module. */
export function loadSourceType(type: string): SourceDefinition | UnusableType | undefined {
  return loadOwnType<SourceDefinition>(type, {
    kind: 'source',
    maker: 'defineSource',
    awaits: 'walk',
    flawOf,
    define: (value) => (isDefinedAlready(value) ? value : defineOwnSource(value as OwnSourceType)),
  });
}
