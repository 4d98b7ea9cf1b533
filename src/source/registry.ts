import type { SourceDefinition } from './define.js';
import { httpJson } from './http-json.js';
import { superviz } from './superviz.js';

export const SOURCE_TYPES: readonly SourceDefinition[] = [superviz, httpJson];

/** Of a source whose config names none. */
export const DEFAULT_SOURCE_TYPE = superviz.type;
