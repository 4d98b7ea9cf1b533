import { readServerUrl } from '../../src/config/store-url.js';

test.each([
  { text: 'redis://host', url: 'redis://host', prefix: 'recording-notifier', label: 'redis://host:6379' },
  {
    text: 'rediss://user:hunter2@host:7000/3?prefix=staging',
    url: 'rediss://user:hunter2@host:7000/3',
    prefix: 'staging',
    label: 'rediss://host:7000/3?prefix=staging',
  },
  {
    text: 'postgres://user:hunter2@host/db?sslmode=require&prefix=a_B-1',
    url: 'postgres://user:hunter2@host/db?sslmode=require',
    prefix: 'a_B-1',
    label: 'postgres://host:5432/db?prefix=a_B-1',
  },
  {
    text: 'postgresql://[::1]:6000/db',
    url: 'postgresql://[::1]:6000/db',
    prefix: 'recording-notifier',
    label: 'postgresql://[::1]:6000/db',
  },
])('$text is understood', ({ text, ...want }) => {
  expect(readServerUrl(text)).toMatchObject(want);
});

test.each([
  { text: 'redis://', want: 'is not the URL of a store' },
  { text: 'redis:host', want: 'is not the URL of a store' },
  { text: 'postgres://us#er:hunter2@host/db', want: 'names no database' },
  { text: 'redis://user:hunter2@host/db', want: 'is not the URL of a Redis database' },
  { text: 'redis://user:hunter2@host/0?db=1', want: 'is not the URL of a Redis database' },
  { text: 'redis://host?prefix=', want: 'has a prefix that is not a name' },
  { text: 'redis://host?prefix=a:b', want: 'has a prefix that is not a name' },
  { text: 'postgres://user:hunter2@host', want: 'names no database' },
  { text: 'postgres://user:hunter2@host/', want: 'names no database' },
])('$text is refused: it $want', ({ text, want }) => {
  const address = readServerUrl(text);
  expect(address).toMatchObject({ problem: want });
  expect(JSON.stringify(address)).not.toContain('hunter2');
});

test.each(['memory', 'sqlite:redis://x', 'mysql://host', ''])('"%s" is no store on a server', (text) => {
  expect(readServerUrl(text)).toBeUndefined();
});
