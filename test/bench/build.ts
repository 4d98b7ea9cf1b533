import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
/** Inside node_modules, so that what is built finds its packages. Stores are made in it as well. */
const HOME = join(ROOT, 'node_modules/.cache/recording-notifier-bench');

export interface Built extends Disposable {
  /** Of what is measured. */
  readonly bench: string;
  readonly cli: string;
}

/**
 * The program and what is measured beside it, compiled: a process that runs TypeScript as it is holds the compiler too, 18 MB. Types are
 * judged by `npm run check`.
 */
export function build(): Built {
  remove();
  mkdirSync(HOME, { recursive: true });
  copyFileSync(join(ROOT, 'package.json'), join(HOME, 'package.json'));
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const args = [compiler, '-p', join(import.meta.dirname, 'tsconfig.json'), '--outDir', HOME];
  const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const built = { bench: join(HOME, 'test/bench'), cli: join(HOME, 'src/cli.js'), [Symbol.dispose]: remove };
  if (!existsSync(built.cli)) throw new Error(`nothing was built: ${stdout}`);
  return built;
}

function remove(): void {
  rmSync(HOME, { recursive: true, force: true });
}
