import { existsSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../src/store/make-folder.js';
import { temporaryFolder } from '../support/temporary-folder.js';

test('makes a folder with all that it lies in, and takes one that is there', () => {
  const folder = join(temporaryFolder(), 'a/b/c');
  makeFolder(folder);
  makeFolder(folder);
  expect(statSync(folder).isDirectory()).toBe(true);
  makeFolder('/');
});

test('takes a link to a folder', () => {
  const folder = temporaryFolder();
  makeFolder(join(folder, 'there'));
  symlinkSync(join(folder, 'there'), join(folder, 'link'));
  makeFolder(join(folder, 'link'));
  makeFolder(join(folder, 'link/b'));
  expect(statSync(join(folder, 'there/b')).isDirectory()).toBe(true);
});

test.each([
  { name: 'a file is in its place', path: 'file', code: 'EEXIST' },
  { name: 'a file is in the place of what it lies in', path: 'file/a/b', code: 'ENOTDIR' },
  { name: 'a link in its place leads nowhere', path: 'dangling', code: 'EEXIST' },
])('throws what the system says where $name', ({ path, code }) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'file'), '');
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
  expect(() => makeFolder(join(folder, path))).toThrow(expect.objectContaining({ code }));
});

(existsSync('/proc/self') ? test : test.skip)('comes to an end where nothing can be created', () => {
  expect(() => makeFolder('/proc/archive/a/b')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
});
