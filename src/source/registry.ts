import type { SourceDefinition } from './define.js';
import { superviz } from './superviz.js';

export const SOURCE_TYPES: readonly SourceDefinition[] = [superviz];
