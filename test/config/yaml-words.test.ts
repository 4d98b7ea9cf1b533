import { loadConfig } from '../../src/config/load.js';
import { formatProblem } from '../../src/config/problem.js';

test.each([
  {
    name: 'a bracket whose end is not indented',
    text: 'sinks:\n  a:\n    to: [\n      x,\n  ]\n',
    want: '5:3: is not YAML: the [ of line 3 is still open, and this line is not indented deeper than its key; close it by ] before, or indent this line, the closing ] too',
  },
  {
    name: 'a brace that is not closed',
    text: 'sinks:\n  a: { b: c\nstore: x\n',
    want: '3:1: is not YAML: the { of line 2 is still open, and this line is not indented deeper than its key; close it by } before, or indent this line, the closing } too',
  },
  { name: 'a tab', text: 'sinks:\n\ta: 1\n', want: '2:1: is not YAML: a tab indents this line; indent with spaces' },
  {
    name: 'no space after a colon',
    text: 'sinks:\n  a:\n    type:s3cret\n    url: x\n',
    want: '3:5: is not YAML: there is no space after the colon of "type"; write "type: " and the value',
  },
  {
    name: 'the same in the last line',
    text: 'sinks:\n  a:\n    url: x\n    type:s3cret\n',
    want: '4:5: is not YAML: there is no space after the colon of "type"; write "type: " and the value',
  },
  {
    name: 'a line that is no key',
    text: 'sinks:\n  a: 1\ns3cret\n',
    want: '3:1: is not YAML: this is no key with a value; write KEY: VALUE in one line, with a space after the colon',
  },
  {
    name: 'a quote that is never closed',
    text: 'sinks:\n  a: "s3cret\nstore: y\n',
    want: '2:6: is not YAML: the quote that begins here is never closed; write " at the end of the text',
  },
  {
    name: 'text after a quote',
    text: 'store: "s3cret" more\n',
    want: '1:17: is not YAML: there is more after the closing "; put all of it into the quotes',
  },
  {
    name: 'another indent',
    text: 'sinks:\n  a: 1\n b: 2\n',
    want: '3:1: is not YAML: this is indented otherwise than what it stands beside; indent alike what belongs together',
  },
  {
    name: 'a reserved character',
    text: 'store: @s3cret\n',
    want: '1:8: is not YAML: a text cannot begin with @; put quotes around it',
  },
  {
    name: 'a star',
    text: 'only: { rooms: [*] }\n',
    want: '1:17: is not YAML: a * names an anchor; put quotes around a text that begins with *',
  },
  {
    name: 'a second colon',
    text: 'store: s3cret: x\n',
    want: '1:8: is not YAML: a value is followed by a key; put quotes around a text that holds a colon and a space, or indent what belongs below, and nothing else, deeper',
  },
  { name: 'a key twice', text: 'store: a\nstore: b\n', want: '2:1: store: is given twice; the first is in line 1' },
])('$name', ({ text, want }) => {
  const loaded = loadConfig('f', text, { env: {}, readFile: () => '' });
  const problems = 'problems' in loaded ? loaded.problems.map(formatProblem) : [];
  expect(problems).toContain(`f:${want}`);
  expect(problems.join()).not.toContain('s3cret');
});
