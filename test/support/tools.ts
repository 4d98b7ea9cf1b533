import { spawnSync } from 'node:child_process';

/** `describe` where the program is there. Where it is not, the tests are skipped, and say so; in CI they run, and fail. */
export function describeWithTool(program: string, name: string, body: () => void): void {
  const mayRun = isThere(program) || process.env['CI'] === 'true';
  if (!mayRun) process.stderr.write(`SKIPPED, since there is no ${program} here: ${name}\n`);
  (mayRun ? describe : describe.skip)(name, body);
}

function isThere(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined;
}
