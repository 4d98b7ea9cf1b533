import fc from 'fast-check';
import { compileExpression, expressionFlaw } from '../../src/source/expression.js';

test.each([
  {
    name: 'a bracket that stays open',
    text: 'data[',
    want: 'is not JMESPath: expected Star, got: the end, at line 1, column 6',
  },
  { name: 'a word too many', text: 'data rows', want: 'value: rows, at line 1, column 6' },
  { name: 'two dots', text: 'a.b..c', want: 'at line 1, column 5' },
  { name: 'an operator too many', text: 'a == == b', want: 'at line 1, column 6' },
  { name: 'a quote that is open', text: "[?a=='b]", want: "has a ' that is not closed, at line 1, column 6" },
  { name: 'JSON that is none', text: 'a || `{x`', want: 'at line 1, column 6' },
  { name: 'a function that is none', text: 'a.lenght(b)', want: 'has no function lenght, at line 1, column 3' },
  { name: 'in the second line', text: 'data[?a]\n  .b c', want: 'at line 2, column 6' },
  { name: 'a character that is none', text: 'a.#b', want: 'at line 1, column 3' },
])('what is wrong, and where: $name', ({ text, want }) => {
  expect(expressionFlaw(text)?.problem).toContain(want);
});

test.each(['@', 'data[].{a: b}', "recording_files[?file_type=='MP4'] | [0].play_url", "'available'", 'a || `[]`'])(
  'nothing is wrong with %s',
  (text) => {
    expect(expressionFlaw(text)).toBeUndefined();
  },
);

test('any text is an expression or has a flaw, and is applied to anything without a throw', () => {
  const word = fc.constantFrom(
    'a',
    'b.c',
    '[',
    ']',
    '[?',
    '|',
    '`1`',
    "'x'",
    '"q"',
    'length(',
    '@',
    ')',
    '.',
    '&',
    '*',
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), fc.jsonValue(), (words, value) => {
      const text = words.join('');
      if (text !== '' && expressionFlaw(text) === undefined) compileExpression(text)(value);
    }),
  );
});
