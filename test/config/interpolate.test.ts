import fc from 'fast-check';
import { interpolate } from '../../src/config/interpolate.js';

const env = { NAME: 'value', EMPTY: '', NESTED: '${NAME}', BRACES: '$${x}', file: 'a variable' };

const files: Record<string, string> = { '/run/secret': 'top\n', windows: 'top\r\n', two: 'a\n\n', blank: '\n' };

function readFile(path: string): string {
  const text = files[path];
  if (text === undefined) throw new Error('there is no such file');
  return text;
}

test.each([
  { name: 'no reference', text: 'plain $NAME text', want: 'plain $NAME text' },
  { name: 'a variable', text: '${NAME}', want: 'value' },
  { name: 'several in a text', text: 'a-${NAME}-${NAME}-b', want: 'a-value-value-b' },
  { name: 'a default that is not needed', text: '${NAME:-other}', want: 'value' },
  { name: 'a default for an unset one', text: '${UNSET:-other: one}', want: 'other: one' },
  { name: 'a default for an empty one', text: '${EMPTY:-other}', want: 'other' },
  { name: 'an empty default', text: '[${UNSET:-}]', want: '[]' },
  { name: 'a file, without its final newline', text: '${file:/run/secret}', want: 'top' },
  { name: 'a file of Windows', text: '${file:windows}', want: 'top' },
  { name: 'a file, one newline only', text: '${file:two}', want: 'a\n' },
  { name: 'a variable of the name file', text: '${file}', want: 'a variable' },
  { name: 'a literal', text: '$${NAME}', want: '${NAME}' },
  { name: 'a literal beside a reference', text: '$${NAME}${NAME}', want: '${NAME}value' },
  { name: 'a value that looks like a reference', text: '${NESTED}', want: '${NAME}' },
  { name: 'a value that looks like a literal', text: '${BRACES}', want: '$${x}' },
])('$name', ({ text, want }) => {
  expect(interpolate(text, { env, readFile })).toMatchObject({ text: want, problems: [] });
});

test.each([
  { name: 'an unset variable', text: '${UNSET}', want: [/^the variable UNSET is not set; /] },
  { name: 'an empty variable', text: '${EMPTY}', want: [/^the variable EMPTY is empty; /] },
  { name: 'a name that every object has', text: '${constructor}', want: [/^the variable constructor is not set; /] },
  { name: 'two of them', text: '${UNSET}${ALSO}', want: [/UNSET/, /ALSO/] },
  { name: 'no closing brace', text: 'a ${NAME', want: [/^has a \$\{ that is not closed; /] },
  { name: 'no name', text: '${}', want: [/^has a \$\{…\} that is no reference; /] },
  { name: 'a name with a blank', text: '${NA ME}', want: [/that is no reference/] },
  { name: 'a default with a single colon', text: '${NAME:x}', want: [/that is no reference/] },
  {
    name: 'a missing file',
    text: '${file:nowhere}',
    want: [/^the file nowhere cannot be read: there is no such file$/],
  },
  { name: 'an empty file', text: '${file:blank}', want: [/^the file blank is empty$/] },
  { name: 'a file without a path', text: '${file:}', want: [/without a path/] },
])('$name is a problem', ({ text, want }) => {
  const { problems } = interpolate(text, { env, readFile });
  expect(problems).toEqual(want.map((pattern) => expect.stringMatching(pattern)));
});

test('the references are named, without their defaults', () => {
  const { references } = interpolate('${NAME} ${UNSET:-secret} ${file:two}', { env, readFile });
  expect(references).toEqual(['${NAME}', '${UNSET}', '${file:two}']);
});

test('whatever the value, it comes out as it is', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'binary' }), (value) => {
      const { text } = interpolate('<${NAME}>', { env: { NAME: value }, readFile });
      expect(text).toBe(`<${value}>`);
    }),
  );
});

test('no text makes it throw', () => {
  const pieces = fc.constantFrom('$', '{', '}', ':', '-', 'file:', 'NAME', ' ', '\n');
  fc.assert(
    fc.property(fc.array(pieces), (parts) => {
      expect(typeof interpolate(parts.join(''), { env, readFile }).text).toBe('string');
    }),
  );
});
