import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
/** Inside node_modules, so that what is built finds its packages. */
const CACHE = join(ROOT, 'node_modules/.cache/recording-notifier-test');
const KEPT_MS = 3_600_000;

/**
 * The folder of the program as `npm run build` makes it, for tests that start it as a process of its own. It is built once for each
 * state of the sources; types are judged by `npm run check`, not here.
 */
export async function builtDist(): Promise<string> {
  const home = join(CACHE, hashOfSources());
  const dist = join(home, 'dist');
  if (existsSync(dist)) return dist;

  mkdirSync(CACHE, { recursive: true });
  forgetOldBuilds();
  const draft = mkdtempSync(join(CACHE, 'draft-'));
  copyFileSync(join(ROOT, 'package.json'), join(draft, 'package.json'));
  cpSync(join(ROOT, 'config'), join(draft, 'config'), { recursive: true });
  compile(join(draft, 'dist'));
  try {
    renameSync(draft, home);
  } catch (error) {
    // Another worker of the same run has built the same.
    if (!existsSync(dist)) throw error;
    rmSync(draft, { recursive: true });
  }
  return dist;
}

function compile(outDir: string): void {
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const project = join(ROOT, 'src/tsconfig.json');
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', project, '--outDir', outDir], { encoding: 'utf8' });
  if (!existsSync(join(outDir, 'ports.js'))) throw new Error(`nothing was built: ${stdout}`);
}

function hashOfSources(): string {
  const hash = createHash('sha256');
  const files = [
    'package.json',
    'tsconfig.json',
    ...filesIn('src', /\.(ts|json)$/),
    ...filesIn('config', /\.(yaml|json)$/),
  ];
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(join(ROOT, file)));
  return hash.digest('hex').slice(0, 16);
}

function filesIn(folder: string, names: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => names.test(file))
    .sort()
    .map((file) => join(folder, file));
}

function forgetOldBuilds(): void {
  for (const name of readdirSync(CACHE)) {
    const folder = join(CACHE, name);
    const builtAtMs = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Date.now() - builtAtMs > KEPT_MS) rmSync(folder, { recursive: true, force: true });
  }
}
