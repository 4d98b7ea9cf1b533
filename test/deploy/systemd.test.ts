import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../support/temporary-folder.js';
import { describeWithTool } from '../support/tools.js';

const NAME = 'recording-notifier.service';
const UNIT = readFileSync(join(import.meta.dirname, '../../config/deploy', NAME), 'utf8');

/** Tenths, as `systemd-analyze security` counts exposure from 0 to 10. It is 1.3; a network service cannot be 0. */
const EXPOSURE_MAX = 15;

describeWithTool('systemd-analyze', 'the unit', () => {
  test('has no mistake', () => {
    expect(analyze(UNIT, 'verify', '--man=no')).toEqual({ status: 0, stderr: '' });
  });

  test('a mistake would be found', () => {
    const { stderr } = analyze(UNIT.replace('KillMode=mixed', 'KillMod=mixed'), 'verify', '--man=no');
    expect(stderr).toContain("'KillMod'");
  });

  test('leaves little open', () => {
    const { status } = analyze(UNIT, 'security', '--offline=true', `--threshold=${EXPOSURE_MAX}`, '--no-pager');
    expect(status).toBe(0);
  });

  test('less of it would be found out', () => {
    const open = UNIT.replace(/^SystemCallFilter=.*\n/gm, '');
    const { status } = analyze(open, 'security', '--offline=true', `--threshold=${EXPOSURE_MAX}`, '--no-pager');
    expect(status).not.toBe(0);
  });
});

test.each([
  { name: 'a stop waits for what is in flight, 8 s, and for more', line: /^TimeoutStopSec=(?:9|[1-9]\d)s$/m },
  { name: 'signals go to the program alone', line: /^KillMode=mixed$/m },
  { name: 'a reload is SIGHUP', line: /^ExecReload=\/bin\/kill -HUP \$MAINPID$/m },
  { name: 'a faulty config is not tried again and again', line: /^RestartPreventExitStatus=2$/m },
  { name: 'the store is in a folder of the state', line: /^WorkingDirectory=\/var\/lib\/recording-notifier$/m },
])('$name', ({ line }) => {
  expect(UNIT).toMatch(line);
});

/** The program is where a test has one: at its own Node. */
function analyze(
  unit: string,
  ...args: readonly string[]
): { readonly status: number | null; readonly stderr: string } {
  const file = join(temporaryFolder(), NAME);
  writeFileSync(file, unit.replace('/usr/bin/node', process.execPath));
  const { status, stderr } = spawnSync('systemd-analyze', [...args, file], { encoding: 'utf8' });
  return { status, stderr };
}
