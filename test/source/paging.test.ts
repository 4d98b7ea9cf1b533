import { createPagingJudge, type Pagination, type SeenPage } from '../../src/source/paging.js';

type Told = Partial<Pagination>;

/** A page of these uuids; the envelope says what is told, and by default nothing. */
function page(uuids: string, told: Told | 'array' = {}): Omit<SeenPage, 'number'> {
  const pagination =
    told === 'array' ? undefined : { page: undefined, totalPages: undefined, total: undefined, ...told };
  const list = uuids.split(' ').filter((uuid) => uuid !== '');
  return { rowCount: list.length, uuids: list, pagination };
}

const KEY = 'sources.production.paging.pageParam';
const SET_KEY = `set ${KEY} to the query parameter that the API knows`;

test.each([
  { name: 'a bare array is the whole list', pages: [page('a b', 'array')], pageCount: 1 },
  { name: 'an empty bare array', pages: [page('', 'array')], pageCount: 1 },
  { name: 'one page', pages: [page('a', { page: 1, totalPages: 1, total: 1 })], pageCount: 1 },
  { name: 'up to totalPages', pages: [page('a', { totalPages: 2 }), page('b', { totalPages: 2 })], pageCount: 2 },
  { name: 'without totalPages to an empty page', pages: [page('a b'), page('c'), page('')], pageCount: 3 },
  { name: 'totalPages shrinks', pages: [page('a', { totalPages: 3 }), page('b', { totalPages: 2 })], pageCount: 2 },
  {
    name: 'totalPages grows',
    pages: [page('a', { totalPages: 2 }), page('b', { totalPages: 3 }), page('c', { totalPages: 3 })],
    pageCount: 3,
  },
  {
    name: 'totalPages lies: two empty pages are the end',
    pages: [page('a', { totalPages: 9 }), page('', { totalPages: 9 }), page('', { totalPages: 9 })],
    pageCount: 3,
  },
  { name: 'the last page is empty', pages: [page('a', { totalPages: 2 }), page('', { totalPages: 2 })], pageCount: 2 },
  { name: 'an empty list', pages: [page('', { page: 1, total: 0 })], pageCount: 1 },
  { name: 'an empty list of one page', pages: [page('', { page: 1, totalPages: 1, total: 0 })], pageCount: 1 },
  { name: 'an empty envelope', pages: [page('')], pageCount: 1 },
  {
    name: 'a full page of new rows pushes page 1 to page 2',
    pages: [
      page('a b', { totalPages: 2, total: 4 }),
      page('a b', { totalPages: 3, total: 6 }),
      page('c', { totalPages: 3, total: 6 }),
    ],
    pageCount: 3,
    shifted: true,
  },
  {
    name: 'total changes',
    pages: [page('a', { totalPages: 2, total: 2 }), page('b', { totalPages: 2, total: 3 })],
    pageCount: 2,
    shifted: true,
  },
  {
    name: 'total is told once only',
    pages: [page('a', { totalPages: 2, total: 2 }), page('b', { totalPages: 2 })],
    pageCount: 2,
  },
  {
    name: 'total is wrong throughout',
    pages: [page('a', { totalPages: 2, total: 50 }), page('b', { totalPages: 2, total: 50 })],
    pageCount: 2,
  },
])('complete: $name', ({ pages, pageCount, shifted = false }) => {
  expect(judgeAll(pages)).toEqual({ complete: true, pages: pageCount, shifted });
});

test.each([
  { name: 'page 2 repeats page 1', pages: [page('a b'), page('a b')], reason: `page 2 repeats page 1; ${SET_KEY}` },
  {
    name: 'page 3 repeats page 2',
    pages: [page('a'), page('b'), page('b')],
    reason: `page 3 repeats page 2; ${SET_KEY}`,
  },
  {
    name: 'page 3 repeats page 1',
    pages: [page('a'), page('b'), page('a')],
    reason: `page 3 repeats page 1; ${SET_KEY}`,
  },
  {
    name: 'the same total, told twice',
    pages: [page('a', { total: 9 }), page('a', { total: 9 })],
    reason: `page 2 repeats page 1; ${SET_KEY}`,
  },
  {
    name: 'another page came',
    pages: [page('a', { page: 1, totalPages: 2 }), page('b', { page: 1, totalPages: 2 })],
    reason: `asked for page 2, got page 1; ${SET_KEY}`,
  },
  {
    name: 'pages that are counted from 0',
    pages: [page('a', { page: 0, totalPages: 2 })],
    reason: `asked for page 1, got page 0; ${SET_KEY}`,
  },
  {
    name: 'no rows although there should be',
    pages: [page('', { total: 340 })],
    reason: 'page 1 has no rows although total is 340',
  },
  {
    name: 'no rows although there should be pages',
    pages: [page('', { totalPages: 4 })],
    reason: 'page 1 has no rows although totalPages is 4',
  },
  {
    name: 'no rows although there should be pages, with total 0',
    pages: [page('', { totalPages: 4, total: 0 })],
    reason: 'page 1 has no rows although totalPages is 4',
  },
  {
    name: 'a hole, found out at the end',
    pages: [page('a'), page(''), page('c'), page('d')].map((seen) => told(seen, { totalPages: 4 })),
    reason: 'page 2 came without rows, a page after it with some; rows may be missing',
  },
  {
    name: 'the form changes',
    pages: [page('a', { totalPages: 2 }), page('b', 'array')],
    reason: 'page 2 came as a bare array, the pages before it did not',
  },
])('incomplete: $name', ({ pages, reason }) => {
  expect(judgeAll(pages)).toEqual({ complete: false, pages: pages.length, reason });
});

function told(seen: Omit<SeenPage, 'number'>, pagination: Told): Omit<SeenPage, 'number'> {
  return { ...seen, pagination: { page: undefined, totalPages: undefined, total: undefined, ...pagination } };
}

/** Every page but the last is followed by another; the last one ends the walk. */
function judgeAll(pages: readonly Omit<SeenPage, 'number'>[]) {
  const judge = createPagingJudge(KEY);
  const ends = pages.map((seen, index) => judge({ number: index + 1, ...seen }));
  expect(ends.slice(0, -1)).toEqual(pages.slice(0, -1).map(() => undefined));
  return ends.at(-1);
}
