import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nodeHint, nodeProblem } from '../../src/node-version.js';
import { builtDist } from '../support/build.js';

const NEEDS = /^Error: recording-notifier needs Node 24\.15 or newer, and this is (\d+\.\d+\.\d+)$/m;
const OLD_VERSION = 'Object.defineProperty(process.versions, "node", { value: "20.0.0" })';

/** Some Node of this machine that is too old, if there is one. */
const oldNode = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'node'))
  .filter(isProgram)
  .find((node) => nodeProblem(outputOf(node, ['--version']).stdout.trim().slice(1)) !== undefined);

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function outputOf(node: string, args: readonly string[]) {
  return spawnSync(node, args, { encoding: 'utf8', env: {} });
}

async function importedBy(node: string, module: string, args: readonly string[] = []) {
  const url = pathToFileURL(join(await builtDist(), module)).href;
  return outputOf(node, [...args, '--input-type=module', '-e', `await import(${JSON.stringify(url)})`]);
}

test.each([
  { version: '20.20.2', isFine: false },
  { version: '24.14.9', isFine: false },
  { version: '24.15.0', isFine: true },
  { version: '24.15.0-nightly', isFine: true },
  { version: '25.0.0', isFine: true },
])('Node $version is fine: $isFine', ({ version, isFine }) => {
  expect(nodeProblem(version) === undefined).toBe(isFine);
});

test.each([
  { where: 'a checkout', url: 'file:///srv/dist/cli.js', want: /\.\/node_modules\/\.bin\/node dist\/cli\.js/ },
  {
    where: 'an installed package',
    url: 'file:///srv/node_modules/recording-notifier/dist/cli.js',
    want: /first in PATH.*"npm install node@24".*"npx recording-notifier"/,
  },
])('the hint for an old Node fits $where', ({ url, want }) => {
  expect(nodeHint(url)).toMatch(want);
});

test.each(['index.js', 'testing.js'])('%s: says which Node it needs before anything else runs', async (module) => {
  const { status, stderr } = await importedBy(process.execPath, module, [
    '--import',
    `data:text/javascript,${encodeURIComponent(OLD_VERSION)}`,
  ]);
  expect(status).toBe(1);
  expect(stderr).toMatch(NEEDS);
});

if (oldNode === undefined) process.stderr.write('SKIPPED: the library on an old Node, since none is in PATH\n');

(oldNode === undefined ? test.skip : test).each(['index.js', 'testing.js'])(
  '%s: on a Node that is old',
  async (module) => {
    const { status, stderr } = await importedBy(oldNode ?? '', module);
    expect(status).toBe(1);
    expect(stderr).toMatch(NEEDS);
  },
);
