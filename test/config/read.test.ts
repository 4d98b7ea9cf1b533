import { mkdirSync, writeFileSync } from 'node:fs';
import { type Loaded, readConfig } from '../../src/config/load.js';
import { formatProblem } from '../../src/config/problem.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** Relative paths are relative to the working directory, so every test gets one of its own. */
const home = process.cwd();

beforeEach(() => process.chdir(temporaryFolder()));

afterEach(() => process.chdir(home));

const TEXT =
  'sources: { production: { auth: { clientId: "${ID}", secret: "${file:secret.txt}" } } }\nsinks: { out: { type: stdout } }\n';

function credentials(loaded: Loaded): unknown {
  if ('problems' in loaded) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  return loaded.config.sources[0]?.settings;
}

function complaints(loaded: Loaded): string[] {
  return 'problems' in loaded ? loaded.problems.map(formatProblem) : [];
}

test('.env and the files that are referred to are read in the working directory', () => {
  writeFileSync('notifier.yaml', TEXT);
  writeFileSync('.env', 'ID="from-.env"\n');
  writeFileSync('secret.txt', 'from-a-file\n');
  const loaded = readConfig('notifier.yaml', {});
  expect(credentials(loaded)).toMatchObject({ auth: { clientId: 'from-.env', secret: 'from-a-file' } });
});

test.each([
  { name: 'a variable that is set', env: { ID: 'from-outside' }, want: 'from-outside' },
  { name: 'a variable that is not', env: {}, want: 'from-.env' },
])('.env never overrides the environment: $name', ({ env, want }) => {
  writeFileSync('notifier.yaml', TEXT);
  writeFileSync('.env', 'ID=from-.env\n');
  writeFileSync('secret.txt', 's');
  expect(credentials(readConfig('notifier.yaml', env))).toMatchObject({ auth: { clientId: want } });
});

test('a byte order mark does not matter', () => {
  writeFileSync('notifier.yaml', `\uFEFF${TEXT}`);
  writeFileSync('secret.txt', 's');
  expect(credentials(readConfig('notifier.yaml', { ID: 'a' }))).toMatchObject({ auth: { secret: 's' } });
});

test.each([
  { name: 'is missing', make: () => undefined, want: 'there is no such file' },
  { name: 'is a folder', make: () => mkdirSync('notifier.yaml'), want: 'it is a folder' },
  {
    name: 'is not UTF-8',
    make: () => writeFileSync('notifier.yaml', Buffer.from([0xc3, 0x28])),
    want: 'it is not UTF-8',
  },
  {
    name: 'is too large',
    make: () => writeFileSync('notifier.yaml', '#'.repeat(1_048_577)),
    want: 'it is larger than 1 MiB',
  },
])('a config that $name', ({ make, want }) => {
  make();
  expect(complaints(readConfig('notifier.yaml', {}))).toEqual([
    `notifier.yaml:1:1: cannot be read: ${want}; name the config by --config FILE, or make one by init`,
  ]);
});

test('an .env that cannot be read is reported', () => {
  mkdirSync('.env');
  expect(complaints(readConfig('notifier.yaml', {}))).toEqual(['.env:1:1: cannot be read: it is a folder']);
});

test('a reference to a file without an end is refused', () => {
  writeFileSync('notifier.yaml', TEXT.replace('secret.txt', '/dev/zero'));
  expect(complaints(readConfig('notifier.yaml', { ID: 'a' }))).toEqual([
    'notifier.yaml:1:61: sources.production.auth.secret: the file /dev/zero cannot be read: it is larger than 1 MiB',
  ]);
});
