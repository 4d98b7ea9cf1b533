import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { builtDist } from '../support/build.js';

const ROOM = 'a\u001b[2J\u009b2Jb\r\n\u202ec';

async function logged(format: 'pretty' | 'json'): Promise<string> {
  const script = `
    const { createLog } = await import(${JSON.stringify(join(await builtDist(), 'observe/log.js'))});
    createLog({ level: 'info', format: '${format}', isTerminal: true, color: false }).info({ room: ${JSON.stringify(ROOM)} }, 'event');`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return stderr;
}

test('pretty: a room cannot move the cursor, clear the screen or turn the line around', async () => {
  const line = await logged('pretty');
  expect(line).toContain('event');
  expect(line).toContain('a�[2J�2Jb���c');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is what it is for
  expect(line.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
});

test('json: one line, and the room is in it as it is', async () => {
  const line = await logged('json');
  expect(line.trimEnd().split('\n')).toHaveLength(1);
  expect(JSON.parse(line)).toMatchObject({ room: ROOM, msg: 'event' });
});
