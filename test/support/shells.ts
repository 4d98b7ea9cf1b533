import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtDist } from './build.js';

export interface ShellPlace {
  readonly folder: string;
  /** With the built program as `recording-notifier`. */
  readonly path: string;
}

/** A folder in which shells find the built program by its name. */
export async function shellPlace(folder: string): Promise<ShellPlace> {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const file = join(bin, 'recording-notifier');
  writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${join(await builtDist(), 'cli.js')}' "$@"\n`);
  chmodSync(file, 0o755);
  return { folder, path: `${bin}:/usr/local/bin:/usr/bin:/bin` };
}

/** All that a program printed, stdin being what it is given at once. */
export async function outputOf(command: readonly string[], input: string, { folder, path }: ShellPlace) {
  const [program = '', ...args] = command;
  const env = { PATH: path, HOME: folder, TERM: 'xterm', LANG: 'C.UTF-8' };
  const child = spawn(program, args, { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input);
  const [output, errors] = await Promise.all(
    [child.stdout, child.stderr].map(async (stream) => {
      const pieces = await Array.fromAsync(stream as AsyncIterable<Buffer>);
      return Buffer.concat(pieces).toString();
    }),
  );
  return `${output}${errors}`;
}
