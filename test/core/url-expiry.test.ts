import { isFresh, urlExpiryMs } from '../../src/core/url-expiry.js';
import { NOW_MS } from './support.js';

const TEN_MINUTES_MS = 600_000;
const EXPIRES_MS = Date.parse('2024-05-14T17:00:00.000Z');
const S3 = 'https://bucket.s3.amazonaws.com/a/b.mp4';

test.each([
  { name: 'SigV2', url: `${S3}?AWSAccessKeyId=AK&Expires=1715706000&Signature=a%2Fb%3D`, want: EXPIRES_MS },
  { name: 'CloudFront', url: 'https://d1.cloudfront.net/b.mp4?Expires=1715706000&Key-Pair-Id=K', want: EXPIRES_MS },
  { name: 'SigV4', url: `${S3}?X-Amz-Date=20240514T160000Z&X-Amz-Expires=3600`, want: EXPIRES_MS },
  { name: 'SigV4 with its seconds', url: `${S3}?X-Amz-Date=20240514T155958Z&X-Amz-Expires=3602`, want: EXPIRES_MS },
  { name: 'SigV4 of no life', url: `${S3}?X-Amz-Date=20240514T170000Z&X-Amz-Expires=0`, want: EXPIRES_MS },
  { name: 'both', url: `${S3}?Expires=1715706000&X-Amz-Date=20250101T000000Z&X-Amz-Expires=1`, want: EXPIRES_MS },
  {
    name: 'an Expires that is none, beside SigV4',
    url: `${S3}?Expires=soon&X-Amz-Date=20240514T160000Z&X-Amz-Expires=3600`,
    want: EXPIRES_MS,
  },
  { name: 'SigV4 without its date', url: `${S3}?X-Amz-Expires=3600`, want: null },
  { name: 'SigV4 without its life', url: `${S3}?X-Amz-Date=20240514T160000Z`, want: null },
  { name: 'a month that is none', url: `${S3}?X-Amz-Date=20241314T160000Z&X-Amz-Expires=3600`, want: null },
  { name: 'a date with text before it', url: `${S3}?X-Amz-Date=x20240514T160000Z&X-Amz-Expires=3600`, want: null },
  { name: 'a date with text after it', url: `${S3}?X-Amz-Date=20240514T160000Zx&X-Amz-Expires=3600`, want: null },
  { name: 'a life with a fraction', url: `${S3}?X-Amz-Date=20240514T160000Z&X-Amz-Expires=1.5`, want: null },
  { name: 'Expires of zero', url: `${S3}?Expires=0`, want: 0 },
  { name: 'Expires as a date', url: `${S3}?Expires=2024-05-14T17:00:00Z`, want: null },
  { name: 'Expires with a sign', url: `${S3}?Expires=-1`, want: null },
  { name: 'Expires with text after it', url: `${S3}?Expires=1715706000s`, want: null },
  { name: 'empty Expires', url: `${S3}?Expires=`, want: null },
  { name: 'the last year of four digits', url: `${S3}?Expires=253402300799`, want: 253_402_300_799_000 },
  { name: 'a year of five digits', url: `${S3}?Expires=253402300800`, want: null },
  { name: 'milliseconds in place of seconds', url: `${S3}?Expires=1715706000000`, want: null },
  { name: 'more digits than a number holds', url: `${S3}?Expires=${'9'.repeat(400)}`, want: null },
  {
    name: 'a life that leads past every year',
    url: `${S3}?X-Amz-Date=20240514T160000Z&X-Amz-Expires=999999999999`,
    want: null,
  },
  { name: 'another case is another parameter', url: `${S3}?expires=1715706000`, want: null },
  { name: 'a form that is not known', url: 'https://files.example/b.mp4?se=2024-05-14T17%3A00%3A00Z', want: null },
  { name: 'no query', url: S3, want: null },
  { name: 'no URL', url: 'not a url?Expires=1715706000', want: null },
  { name: 'empty', url: '', want: null },
])('urlExpiryMs: $name', ({ url, want }) => {
  expect(urlExpiryMs(url)).toBe(want);
});

test.each([
  { name: 'ten minutes left', expiresInMs: TEN_MINUTES_MS, seenAgoMs: 0, want: true },
  { name: 'a millisecond less', expiresInMs: TEN_MINUTES_MS - 1, seenAgoMs: 0, want: false },
  { name: 'dead', expiresInMs: -1, seenAgoMs: 0, want: false },
  {
    name: 'a known life counts, however long ago it was seen',
    expiresInMs: TEN_MINUTES_MS,
    seenAgoMs: 1e9,
    want: true,
  },
  { name: 'unknown life, seen ten minutes ago', expiresInMs: null, seenAgoMs: TEN_MINUTES_MS, want: true },
  {
    name: 'unknown life, seen a millisecond before that',
    expiresInMs: null,
    seenAgoMs: TEN_MINUTES_MS + 1,
    want: false,
  },
])('isFresh: $name', ({ expiresInMs, seenAgoMs, want }) => {
  const expiresAtMs = expiresInMs === null ? null : NOW_MS + expiresInMs;
  expect(isFresh({ url: S3, expiresAtMs, seenAtMs: NOW_MS - seenAgoMs }, NOW_MS)).toBe(want);
});
