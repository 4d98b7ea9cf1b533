import fc from 'fast-check';
import { indentedJson } from '../../src/commands/indented-json.js';

test.each([
  {
    name: 'a value a line',
    text: '{"a":1,"b":["c",{"d":null}]}',
    want: '{\n  "a": 1,\n  "b": [\n    "c",\n    {\n      "d": null\n    }\n  ]\n}',
  },
  { name: 'what is empty stays on its line', text: '{"a":[],"b":{ }}', want: '{\n  "a": [],\n  "b": { }\n}' },
  { name: 'signs within a text are text', text: '{"a":"{\\"[,:]\\\\"}', want: '{\n  "a": "{\\"[,:]\\\\"\n}' },
  {
    name: 'the digits of a number stay',
    text: '[1.0,12345678901234567890]',
    want: '[\n  1.0,\n  12345678901234567890\n]',
  },
  { name: 'a key that is there twice stays twice', text: '{"a":1,"a":2}', want: '{\n  "a": 1,\n  "a": 2\n}' },
  { name: 'a layout of its own stays', text: '{\n"a":1}', want: undefined },
  { name: 'no JSON', text: 'a=1&b={}', want: undefined },
  { name: 'nothing', text: '', want: undefined },
])('indentedJson: $name', ({ text, want }) => {
  expect(indentedJson(text)).toBe(want);
});

test('indentedJson: of any value it makes what JSON itself would', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(indentedJson(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
    }),
  );
});
