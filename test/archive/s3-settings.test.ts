import { readS3Address, s3Settings } from '../../src/archive/s3-settings.js';

test.each([
  { text: 's3://bucket', want: { bucket: 'bucket', prefix: '' } },
  { text: 's3://bucket/', want: { bucket: 'bucket', prefix: '' } },
  { text: 's3://my.bucket-1/archive', want: { bucket: 'my.bucket-1', prefix: 'archive' } },
  { text: 's3://bucket//a/b c/é//', want: { bucket: 'bucket', prefix: 'a/b c/é' } },
])('an address is a bucket and a prefix: $text', ({ text, want }) => {
  expect(readS3Address(text)).toEqual(want);
});

test.each([
  { text: 's3://', want: 'names no bucket' },
  { text: 's3:///prefix', want: 'names no bucket' },
  { text: 's3://b', want: 'names no bucket' },
  { text: 's3://key:planted@bucket/prefix', want: 'names no bucket' },
  { text: 'https://bucket.example.com', want: 'names no bucket' },
  { text: 's3://bucket/a/../b', want: 'has a prefix that is no path' },
  { text: 's3://bucket/a//b', want: 'has a prefix that is no path' },
  { text: 's3://bucket/a\nb', want: 'has a prefix that is no path' },
  { text: 's3://bucket/\ud800', want: 'has a prefix that is no path' },
  { text: `s3://bucket/${'é'.repeat(151)}`, want: 'has a prefix that is no path' },
])('an address is refused: $text', ({ text, want }) => {
  const flaw = readS3Address(text);
  expect(flaw).toMatchObject({ problem: want });
  expect(JSON.stringify(flaw)).not.toContain('planted');
});

test('settings may all be left to the client', () => {
  expect(s3Settings.parse({})).toEqual({});
});

test.each([
  { given: { accessKeyId: 'AKIA' }, want: 'accessKeyId needs secretAccessKey' },
  { given: { secretAccessKey: 'planted' }, want: 'secretAccessKey needs accessKeyId' },
  { given: { endpoint: 's3.example.com' }, want: 'is not a URL' },
  { given: { region: 'eu central' }, want: 'is not a region' },
])('settings are refused: $want', ({ given, want }) => {
  const result = s3Settings.safeParse(given);
  expect(result.error?.issues.map(({ message }) => message)).toEqual([want]);
});

test('both halves of the key are secrets', () => {
  const { accessKeyId, secretAccessKey } = s3Settings.shape;
  expect([accessKeyId, secretAccessKey].map((key) => key.unwrap().meta()?.secret)).toEqual([true, true]);
});
