import { nextLinkOf } from '../../src/source/link-header.js';

test.each([
  { name: 'alone', header: '</list?page=2>; rel="next"', want: '/list?page=2' },
  { name: 'without quotes', header: '</2>; rel=next', want: '/2' },
  { name: 'after others', header: '</1>; rel="prev", </3>; rel="next"', want: '/3' },
  { name: 'one of several relations', header: '</3>; rel="last next"', want: '/3' },
  { name: 'in capitals', header: '</3>;REL="Next"', want: '/3' },
  {
    name: 'a comma in the address and in a text',
    header: '</1,2>; title="a, b"; rel="prev", </3>; rel="next"',
    want: '/3',
  },
  { name: 'another parameter before it', header: '</3>; type="text/html"; rel="next"', want: '/3' },
  { name: 'the first of two relations counts', header: '</3>; rel="prev"; rel="next"', want: undefined },
  { name: 'a longer word', header: '</3>; rel="next-archive"', want: undefined },
  { name: 'a parameter that ends in rel', header: '</3>; xrel="next"', want: undefined },
  { name: 'none', header: '', want: undefined },
  { name: 'no link at all', header: 'rel="next"', want: undefined },
  { name: 'far too long', header: `${' '.repeat(70_000)}</3>; rel="next"`, want: undefined },
])('nextLinkOf: $name', ({ header, want }) => {
  expect(nextLinkOf(header)).toBe(want);
});

test('nextLinkOf reads a hostile header in a moment', () => {
  const header = `<a>${'; x="'.repeat(10_000)}`;
  expect(nextLinkOf(header)).toBeUndefined();
});
