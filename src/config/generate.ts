import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SINK_TYPES } from '../sinks/registry.js';
import { SOURCE_TYPES } from '../source/registry.js';
import { renderExample } from './example.js';
import { renderReference, withSinkTable, withSourceTable } from './reference.js';
import { renderJsonSchema } from './render.js';

/** Writes the files that are made from the code: `npm run generate`. */

const FOLDER = join(import.meta.dirname, '..', '..', 'config');
const types = { sourceTypes: SOURCE_TYPES, sinkTypes: SINK_TYPES };

mkdirSync(FOLDER, { recursive: true });
writeFileSync(join(FOLDER, 'schema.json'), renderJsonSchema(types));
writeFileSync(join(FOLDER, 'notifier.example.yaml'), renderExample(types));
writeFileSync(join(FOLDER, 'REFERENCE.md'), renderReference(types));

const README = join(FOLDER, '..', 'README.md');
writeFileSync(README, withSourceTable(withSinkTable(readFileSync(README, 'utf8'), SINK_TYPES), SOURCE_TYPES));
