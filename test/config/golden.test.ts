import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.js';
import { formatProblem } from '../../src/config/problem.js';

/**
 * Every mistake that a config can hold, and what is said of it. After a change of wording, `UPDATE_GOLDEN=1` writes the texts anew;
 * read the difference before it is committed.
 */
const FOLDER = join(import.meta.dirname, 'golden');

const SECRET_TEXT = 'hunter2-of-the-environment';

const env = { SET: 'value', EMPTY: '', BARE_NUMBER: '4711', UNEVEN_CRON: '*/13 * * * * *', SECRET_TEXT };

const names = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.slice(0, -'.yaml'.length));

function complaints(name: string): string {
  const text = readFileSync(join(FOLDER, `${name}.yaml`), 'utf8');
  const readFile = () => {
    throw new Error('there is no such file');
  };
  const loaded = loadConfig(`${name}.yaml`, text, { env, readFile });
  return 'problems' in loaded ? `${loaded.problems.map(formatProblem).join('\n')}\n` : '';
}

test.each(names)('what is said of %s.yaml', (name) => {
  const golden = join(FOLDER, `${name}.txt`);
  const said = complaints(name);
  if (process.env['UPDATE_GOLDEN'] === '1' && process.env['CI'] === undefined) writeFileSync(golden, said);
  expect(said).toBe(readFileSync(golden, 'utf8'));
});

test.each(names)('%s.yaml is refused, and no secret or value of the environment is repeated', (name) => {
  const said = complaints(name);
  expect(said).not.toBe('');
  expect(said).not.toMatch(/hunter2|4711|\*\/13|secret-token/);
});
