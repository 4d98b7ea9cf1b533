import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { makeFolder } from '../store/make-folder.js';
import { CommandError, UsageError } from './command.js';

/** What `init` writes. Neither file may exist: nothing is overwritten. */
export interface InitFiles {
  /** As it was asked for. */
  readonly config: string;
  readonly cwd: string;
}

export const ENV_FILE = '.env';

export function existsAlready(config: string): string {
  return `${config} exists already, and init overwrites nothing; move it away, or name another file by --config FILE.`;
}

/** Before the first question, since nobody likes to answer in vain. */
export function refuseToOverwrite({ config, cwd }: InitFiles): void {
  if (existsSync(resolve(cwd, config))) {
    throw new UsageError(existsAlready(config));
  }
  if (existsSync(resolve(cwd, ENV_FILE))) {
    throw new UsageError(
      '.env exists already, and init overwrites nothing; move it away while init runs, or start in another folder.',
    );
  }
}

/** Both files or none of them. The one with the secrets is for its owner alone. */
export function writeFiles({ config, cwd }: InitFiles, configText: string, envText: string): void {
  const [configPath, envPath] = [resolve(cwd, config), resolve(cwd, ENV_FILE)];
  try {
    makeFolder(dirname(configPath));
    writeFileSync(envPath, envText, { flag: 'wx', mode: 0o600 });
    try {
      writeFileSync(configPath, configText, { flag: 'wx' });
    } catch (error) {
      rmSync(envPath);
      throw error;
    }
  } catch (cause) {
    throw new CommandError(`Nothing was written: ${(cause as Error).message}`, { cause });
  }
}
