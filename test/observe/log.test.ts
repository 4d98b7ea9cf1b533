import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { builtDist } from '../support/build.js';

const ROOM = 'a\u001b[2J\u009b2Jb\r\n\u202ec';

/** @param fields as code */
async function logged(format: 'pretty' | 'json', fields = `{ room: ${JSON.stringify(ROOM)} }`): Promise<string> {
  const script = `
    const { createLog } = await import(${JSON.stringify(join(await builtDist(), 'observe/log.js'))});
    createLog({ level: 'info', format: '${format}', isTerminal: true, color: false, destination: 2 }).info(${fields}, 'event');`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return stderr;
}

test('pretty: a room cannot move the cursor, clear the screen or turn the line around', async () => {
  const line = await logged('pretty');
  expect(line).toContain('INFO');
  expect(line).toContain('event');
  expect(line).toContain('a�[2J�2Jb���c');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is what it is for
  expect(line.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
});

test('pretty: nor can the message of an error, or a text inside of a list', async () => {
  const text = JSON.stringify(`${ROOM}\\u001b`);
  const shown = await logged('pretty', `{ error: new Error(${text}, { cause: new Error(${text}) }), list: [${text}] }`);
  expect(shown).toContain('at file:');
  expect(shown).toContain('a�[2J�2Jb');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is what it is for
  expect(shown).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
});

test('json: one line that commands no terminal, and the room is in it as it is', async () => {
  const line = await logged('json');
  expect(line.trimEnd().split('\n')).toHaveLength(1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is what it is for
  expect(line.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  expect(JSON.parse(line)).toMatchObject({ level: 'info', room: ROOM, msg: 'event' });
});
