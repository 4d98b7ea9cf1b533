import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.js';
import { formatProblem } from '../../src/config/problem.js';
import { type Answered, type Asked, startPlatform } from '../support/fake-list.js';
import { createStage, SIGNING_SECRET } from '../support/stage.js';

/**
 * The ready configurations, through the whole program, against platforms that answer as their documentation says. What the example
 * answers there hold is in the rows here; the pages are named in the configurations.
 */

const FOLDER = join(import.meta.dirname, '../../config/platforms');
const stage = createStage();

interface Case {
  /** In the file, what leads to the platform. */
  readonly hosts: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** @param isDone whether the recording has come to its end */
  answer(asked: Asked, url: string, isDone: boolean): Answered;
  /** The recording of the event. */
  readonly want: object;
  readonly previousStatus: 'processing' | null;
}

const CASES: Readonly<Record<string, Case>> = {
  daily: {
    hosts: ['https://api.daily.co'],
    env: { DAILY_API_KEY: 'daily-key' },
    answer({ path, query, headers }, url, isDone) {
      if (headers.authorization !== 'Bearer daily-key')
        return { status: 401, body: { error: 'authentication-error', info: 'no' } };
      const id = '0cb313e1-211f-4be0-833d-8c7305b19902';
      if (path === `/v1/recordings/${id}/access-link`) {
        const link = `${url}/api-demo/hello.webm?Expires=4102444800&Signature=EXAMPLE`;
        return { body: { download_link: link, expires: 4_102_444_800 } };
      }
      const row = {
        ...{ id, room_name: 'test-recording-room', start_ts: 1_548_789_650, max_participants: 2 },
        ...{ status: isDone ? 'finished' : 'in-progress', ...(isDone && { duration: 277 }) },
        ...{ share_token: 'TivXjlD22QQt', s3key: 'mydomain/test-recording-room/11245260397' },
        mtgSessionId: '257764e6-c74e-4c30-944a-a887a03173a3',
      };
      return { body: { total_count: 1, data: query.get('starting_after') === null ? [row] : [] } };
    },
    want: {
      uuid: '0cb313e1-211f-4be0-833d-8c7305b19902',
      roomId: 'test-recording-room',
      meetingId: '257764e6-c74e-4c30-944a-a887a03173a3',
      createdAt: '2019-01-29T19:20:50.000Z',
      url: expect.stringContaining('/api-demo/hello.webm?Expires=4102444800&Signature=EXAMPLE'),
      urlExpiresAt: '2100-01-01T00:00:00.000Z',
    },
    previousStatus: 'processing',
  },
  zoom: {
    hosts: ['https://api.zoom.us', 'https://zoom.us'],
    env: {
      ZOOM_ACCOUNT_ID: 'acc',
      ZOOM_CLIENT_ID: 'cid',
      ZOOM_CLIENT_SECRET: 'zoom-secret',
      ZOOM_USER: 'jchill@example.com',
    },
    answer({ path, query, headers, body }, _url, isDone) {
      if (path === '/oauth/token') {
        const isAsked = body === 'grant_type=account_credentials&account_id=acc';
        const pair = Buffer.from('cid:zoom-secret').toString('base64');
        if (!isAsked || headers.authorization !== `Basic ${pair}`)
          return { status: 400, body: { error: 'invalid_client' } };
        return { body: { access_token: 'zoom-token', token_type: 'bearer', expires_in: 3599, scope: 'recording' } };
      }
      const isDay = /^\d{4}-\d\d-\d\d$/.test(query.get('from') ?? '');
      if (headers.authorization !== 'Bearer zoom-token' || !isDay) return { status: 401, body: { code: 124 } };
      const file = {
        id: '72576a1f',
        file_type: 'MP4',
        download_url: 'https://example.com/rec/download/Qg75t7xZBtEbAkjdlgbfdngBBBB',
      };
      const files = [
        { ...file, status: 'completed' },
        { ...file, id: 'c41d', status: isDone ? 'completed' : 'processing' },
      ];
      const meeting = {
        ...{ uuid: 'BOKXuumlTAGXuqwr3bLyuQ==', id: 6_840_331_990, topic: 'My Personal Meeting', recording_count: 2 },
        ...{
          start_time: '2021-03-18T05:41:36Z',
          share_url: 'https://example.com/rec/share/mock',
          recording_files: files,
        },
      };
      const isFirst = query.get('next_page_token') === null;
      const meetings = isFirst ? [] : [meeting];
      return {
        body: {
          total_records: 1,
          page_size: 300,
          next_page_token: isFirst ? 'Tva2CuIdTgsv8wAnhyAdU3m06Y2HuLQtlh3' : '',
          meetings,
        },
      };
    },
    want: {
      ...{ uuid: 'BOKXuumlTAGXuqwr3bLyuQ==', roomId: '6840331990', meetingId: 'BOKXuumlTAGXuqwr3bLyuQ==' },
      ...{ createdAt: '2021-03-18T05:41:36Z', url: 'https://example.com/rec/share/mock', urlExpiresAt: null },
    },
    previousStatus: 'processing',
  },
  livekit: {
    hosts: [],
    env: { LIVEKIT_API_KEY: 'lk-key', LIVEKIT_API_SECRET: 'lk-secret' },
    answer({ method, path, headers, body }, _url, isDone) {
      const [head = '', payload = '', signature] = headers.authorization?.replace('Bearer ', '').split('.') ?? [];
      const isSigned = signature === createHmac('sha256', 'lk-secret').update(`${head}.${payload}`).digest('base64url');
      const { iss, video } = JSON.parse(Buffer.from(payload, 'base64url').toString() || '{}');
      const isGranted = iss === 'lk-key' && video?.roomRecord === true;
      if (!isSigned || !isGranted) return { status: 401, body: { code: 'unauthenticated', msg: 'no permissions' } };
      const isList = method === 'POST' && path === '/twirp/livekit.Egress/ListEgress' && body === '{}';
      if (!isList) return { status: 404, body: { code: 'bad_route', msg: 'no handler for path' } };
      const file = { filename: 'your-room.mp4', size: '1234', location: 'https://bucket.s3.example/your-room.mp4' };
      const item = {
        ...{ egress_id: 'EG_MU4QwhXUhWf9', room_id: 'RM_1', room_name: 'your-room', started_at: '1715620440941000000' },
        ...{ status: isDone ? 'EGRESS_COMPLETE' : 'EGRESS_ACTIVE', file_results: isDone ? [file] : [] },
      };
      return { body: { items: [item] } };
    },
    want: {
      ...{ uuid: 'EG_MU4QwhXUhWf9', roomId: 'your-room', meetingId: 'RM_1', createdAt: '2024-05-13T17:14:00.941Z' },
      ...{ url: 'https://bucket.s3.example/your-room.mp4', urlExpiresAt: null },
    },
    previousStatus: 'processing',
  },
  whereby: {
    hosts: ['https://api.whereby.dev'],
    env: { WHEREBY_API_KEY: 'whereby-key' },
    answer({ path, query, headers }, url, isDone) {
      if (headers.authorization !== 'Bearer whereby-key') return { status: 401, body: { error: 'Invalid token' } };
      if (path.endsWith('/access-link')) return { body: { accessLink: `${url}/recording.mp4?sig=1`, expires: 3_600 } };
      const row = {
        ...{
          recordingId: 'a56f6ad7-37fe-4a37-9319-3174630ba57a',
          roomSessionId: 'e2f29530-46ec-4cee-8b27-e565cb5bb2e9',
        },
        ...{ filename: 'recording.mp4', startDate: '2025-01-01T00:00:00.000Z', endDate: '2025-01-01T00:00:00.000Z' },
        sizeInMegaBytes: 100,
      };
      const isLast = query.get('cursor') !== null;
      return {
        body: { results: isLast || !isDone ? [] : [row], cursor: isLast ? null : '8f4031bfc7640c5f267b11b6fe0c2507' },
      };
    },
    want: {
      ...{ uuid: 'a56f6ad7-37fe-4a37-9319-3174630ba57a', roomId: null, createdAt: '2025-01-01T00:00:00.000Z' },
      ...{ meetingId: 'e2f29530-46ec-4cee-8b27-e565cb5bb2e9', url: expect.stringContaining('/recording.mp4?sig=1') },
    },
    previousStatus: null,
  },
  signalwire: {
    hosts: ['https://${SIGNALWIRE_SPACE}'],
    env: { SIGNALWIRE_PROJECT: 'project', SIGNALWIRE_TOKEN: 'signalwire-token' },
    answer({ query, headers }, url, isDone) {
      const pair = Buffer.from('project:signalwire-token').toString('base64');
      if (headers.authorization !== `Basic ${pair}`) return { status: 401, body: {} };
      const row = {
        ...{ id: '3fa85f64-5717-4562-b3fc-2c963f66afa6', room_session_id: '4fa85f64-5717-4562-b3fc-2c963f66afa6' },
        ...{
          status: isDone ? 'completed' : 'recording',
          duration: 120,
          size_in_bytes: 20_971_520,
          format: 'video/mp4',
        },
        ...{ uri: 'https://files.signalwire.com/temporary/link', created_at: '2024-07-29T15:51:28.071Z' },
      };
      const isFirst = query.get('page') === null;
      const next = isFirst ? `${url}/api/video/room_recordings?page=2` : null;
      return { body: { links: { self: 'string', next }, data: isFirst ? [] : [row] } };
    },
    want: {
      ...{ uuid: '3fa85f64-5717-4562-b3fc-2c963f66afa6', meetingId: '4fa85f64-5717-4562-b3fc-2c963f66afa6' },
      ...{ roomId: null, createdAt: '2024-07-29T15:51:28.071Z', url: 'https://files.signalwire.com/temporary/link' },
    },
    previousStatus: 'processing',
  },
};

test('every ready configuration is tried', () => {
  const files = readdirSync(FOLDER).map((file) => file.replace('.yaml', ''));
  expect(files.toSorted()).toEqual(Object.keys(CASES).toSorted());
});

test('MOVING.md: both sources stand in one file, and it is valid', () => {
  const guide = readFileSync(join(FOLDER, '../MOVING.md'), 'utf8');
  const text = /```yaml\n([\s\S]*?)```/.exec(guide)?.[1] ?? '';
  const env = { SUPERVIZ_CLIENT_ID: 'a', SUPERVIZ_SECRET: 'b', DAILY_API_KEY: 'c', WEBHOOK_SECRET: SIGNING_SECRET };
  const loaded = loadConfig('moving.yaml', text.replaceAll(/^ {3}/gm, ''), { env, readFile: () => '' });
  expect('problems' in loaded ? loaded.problems.map(formatProblem) : []).toEqual([]);
  expect('config' in loaded && loaded.config.sources.map(({ name }) => name)).toEqual(['production', 'daily']);
});

test('the JSON Schema, which editors read, accepts every ready configuration', () => {
  const schema = JSON.parse(readFileSync(join(FOLDER, '../schema.json'), 'utf8'));
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
  for (const name of Object.keys(CASES)) {
    validate(parse(readFileSync(join(FOLDER, `${name}.yaml`), 'utf8')));
    expect([name, validate.errors ?? []]).toEqual([name, []]);
  }
});

test.each(Object.entries(CASES))(
  '%s: a recording that turns available is one webhook, in the same words as any',
  async (name, { hosts, env = {}, answer, want, previousStatus }) => {
    let isDone = false;
    await using platform = await startPlatform((asked, url) => answer(asked, url, isDone));
    const receiver = await stage.receiver();
    const file = readFileSync(join(FOLDER, `${name}.yaml`), 'utf8');
    const text = hosts.reduce((some, host) => some.replaceAll(host, platform.url), file);
    stage.configure(`${text}\nstore: sqlite:state/test.sqlite\nserver: { listen: off }\n`, 'platform.yaml');
    const variables = {
      ...{ ...env, LIVEKIT_URL: platform.url, WEBHOOK_URL: `${receiver.url}in`, WEBHOOK_SECRET: SIGNING_SECRET },
    };
    const run = (...args: string[]) => stage.run([...args, '--config', 'platform.yaml'], { env: variables });
    const first = await run('poll');
    expect([first.code, receiver.messages]).toEqual([0, []]);
    isDone = true;
    expect(await run('poll')).toMatchObject({ code: 0 });
    expect(receiver.messages.map(({ json }) => json)).toMatchObject([
      {
        type: 'recording.available',
        data: { source: name, recording: { ...want, status: 'available' }, previousStatus, occurrence: 1 },
      },
    ]);
    const tried = await run('try', name);
    expect([tried.code, tried.stdout.join('\n')]).toEqual([0, expect.stringContaining('paging')]);
  },
);
