import { createHmac } from 'node:crypto';
import { createHttpClient } from '../../src/http/client.js';
import { authSettings, credentialExpiryOf, credentialFor } from '../../src/source/credentials.js';
import { createJsonRequest } from '../../src/source/json-request.js';
import { type Answered, startPlatform } from '../support/fake-list.js';
import { createManualClock } from '../support/manual-clock.js';
import { createMemoryLog } from '../support/memory-log.js';
import { realClock } from '../support/real-clock.js';

const NEVER = new AbortController().signal;
const SECRET = 'client-secret-1b7';

/** A platform with tokens: what it made last is let in. */
async function startTokens(make: (count: number) => Answered = (count) => ({ body: tokenOf(count) })) {
  const clock = createManualClock();
  let made = 0;
  const state = { valid: (count: number) => count === made };
  const platform = await startPlatform(({ path, headers }) => {
    if (path === '/token') {
      made += 1;
      return make(made);
    }
    const count = Number(/^Bearer token-(\d+)$/.exec(headers.authorization ?? '')?.[1]);
    const body = { message: `not ${headers.authorization}` };
    return state.valid(count) ? { body: {} } : { status: 401, body };
  });
  const http = createHttpClient({ privateAddresses: 'allow', clock: realClock, userAgent: 'test' });
  const ports = { http, clock, random: () => 0, log: createMemoryLog(), quickRetryDelayMs: 1 };
  const context = { name: 'other', settings: {}, ...ports };
  async function ask(more: object = {}, signal: AbortSignal = NEVER) {
    return requestBy(more)(signal);
  }
  function requestBy(more: object) {
    const auth = authSettings().parse({
      ...{ type: 'oauth2ClientCredentials', tokenUrl: `${platform.url}/token`, clientId: 'client:1' },
      ...{ clientSecret: SECRET, ...more },
    });
    const request = createJsonRequest(context, {
      ...{ urlKey: 'url', timeoutMs: 5_000 },
      credential: credentialFor(context, auth, 5_000),
    });
    return (signal = NEVER) => request({ url: `${platform.url}/list`, read: () => true }, signal);
  }
  const paths = () => platform.asked.map(({ path }) => path);
  const close = async () => {
    await http.close();
    await platform.close();
  };
  return { ask, requestBy, clock, platform, state, paths, [Symbol.asyncDispose]: close };
}

function tokenOf(count: number) {
  return { access_token: `token-${count}`, token_type: 'Bearer', expires_in: 3_600 };
}

test('a token is made once, kept until shortly before it dies, and made anew then', async () => {
  await using tokens = await startTokens();
  const request = tokens.requestBy({ scope: 'read', params: { account_id: 'a&b' } });
  await Promise.all([request(), request(), request()]);
  expect(tokens.paths().filter((path) => path === '/token')).toHaveLength(1);
  expect(tokens.platform.asked[0]).toMatchObject({
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`client%3A1:${SECRET}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: 'grant_type=client_credentials&scope=read&account_id=a%26b',
  });
  tokens.clock.advance(3_539_000);
  await request();
  expect(tokens.paths().at(-2)).toBe('/list');
  tokens.clock.advance(1_000);
  await request();
  expect(tokens.paths().slice(-2)).toEqual(['/token', '/list']);
});

test('another grant, and the client in the body', async () => {
  await using tokens = await startTokens();
  await tokens.ask({ sendAs: 'body', params: { grant_type: 'account_credentials' } });
  const [asked] = tokens.platform.asked;
  expect(asked?.headers.authorization).toBeUndefined();
  expect(Object.fromEntries(new URLSearchParams(asked?.body))).toEqual({
    ...{ grant_type: 'account_credentials', client_id: 'client:1', client_secret: SECRET },
  });
});

test('a token that is taken back is replaced once', async () => {
  await using tokens = await startTokens();
  const request = tokens.requestBy({});
  await request();
  tokens.state.valid = (count) => count === 2;
  tokens.clock.advance(120_000);
  await request();
  expect(tokens.paths()).toEqual(['/token', '/list', '/list', '/token', '/list']);
});

test('where every token is refused, each request makes one at most, and none while the last one is young', async () => {
  await using tokens = await startTokens();
  tokens.state.valid = () => false;
  const request = tokens.requestBy({});
  const refused = expect.objectContaining({ kind: 'unauthorized' });
  await expect(request()).rejects.toEqual(refused);
  await expect(request()).rejects.toEqual(refused);
  expect(tokens.paths()).toEqual(['/token', '/list', '/list']);
  tokens.clock.advance(120_000);
  await expect(request()).rejects.toEqual(refused);
  expect(tokens.paths().slice(3)).toEqual(['/list', '/token', '/list']);
});

test.each([
  {
    name: 'a client that is not known',
    answer: { status: 400, body: { error: 'invalid_client', error_description: SECRET } },
    kind: 'unauthorized',
    want: /no token was made: status 400 \(invalid_client\); check sources.other.auth.clientId, /,
  },
  {
    name: 'an error of no list',
    answer: { status: 400, body: { error: SECRET } },
    kind: 'unauthorized',
    want: /no token was made: status 400; /,
  },
  {
    name: '401 with our secret in it',
    answer: { status: 401, body: { message: `no ${SECRET}` } },
    kind: 'unauthorized',
    want: /status 401; the credential is refused and may have expired; renew sources.other.auth.clientSecret$/,
  },
  {
    name: 'an answer without a token',
    answer: { body: { token: 'x' } },
    kind: 'bad_answer',
    want: /without an access_token; check that sources.other.auth.tokenUrl is where tokens are made/,
  },
  {
    name: 'a token of another kind',
    answer: { body: { ...tokenOf(1), token_type: 'mac' } },
    kind: 'bad_answer',
    want: /without a token of the type bearer/,
  },
  { name: 'a server in trouble', answer: { status: 503, body: '' }, kind: 'server_error', want: /status 503/ },
])('no token: $name', async ({ answer, kind, want }) => {
  await using tokens = await startTokens(() => answer);
  const error = await tokens.ask().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'SourceError', kind, message: expect.stringMatching(want) });
  expect((error as Error).message).not.toContain(SECRET);
  expect(tokens.paths()).not.toContain('/list');
});

test('who is stopped while a token is made does not stop others', async () => {
  const gate = Promise.withResolvers<void>();
  let count = 0;
  await using platform = await startPlatform(async ({ path }) => {
    if (path === '/token') count += 1;
    if (path === '/token' && count === 1) await gate.promise;
    return { body: tokenOf(count) };
  });
  const http = createHttpClient({ privateAddresses: 'allow', clock: realClock, userAgent: 'test' });
  const ports = { http, clock: createManualClock(), random: () => 0, log: createMemoryLog(), quickRetryDelayMs: 1 };
  const credential = credentialFor(
    { name: 'other', settings: {}, ...ports },
    authSettings().parse({
      ...{ type: 'oauth2ClientCredentials', tokenUrl: `${platform.url}/token`, clientId: 'c', clientSecret: SECRET },
    }),
    5_000,
  );
  const stop = new AbortController();
  const first = credential.headers(stop.signal);
  const second = credential.headers(NEVER);
  await platform.reached();
  stop.abort();
  await expect(first).rejects.toMatchObject({ kind: 'aborted' });
  expect(await second).toEqual({ authorization: 'Bearer token-2' });
  gate.resolve();
  await http.close();
});

test.each([
  { auth: { type: 'bearer', token: 't-1' }, want: { authorization: 'Bearer t-1' } },
  { auth: { type: 'basic', username: 'ü', password: 'p' }, want: { authorization: 'Basic w7w6cA==' } },
  { auth: { type: 'headers', headers: { 'X-Api-Key': 'k' } }, want: { 'X-Api-Key': 'k' } },
  { auth: undefined, want: {} },
])('headers of $auth.type', async ({ auth, want }) => {
  const settings = authSettings().optional().parse(auth);
  const context = { name: 'other', settings: {}, clock: createManualClock() } as never;
  expect(await credentialFor(context, settings, 1).headers(NEVER)).toEqual(want);
});

test('a token of our own is signed for each request', async () => {
  const clock = createManualClock(1_700_000_000_000);
  const claims = { iss: 'key', video: { roomRecord: true } };
  const auth = authSettings().parse({ type: 'jwt', secret: SECRET, claims, lifetime: '5m' });
  const { authorization = '' } = await credentialFor({ name: 'other', settings: {}, clock } as never, auth, 1).headers(
    NEVER,
  );
  const [head = '', payload = '', signature] = authorization.replace('Bearer ', '').split('.');
  expect(signature).toBe(createHmac('sha256', SECRET).update(`${head}.${payload}`).digest('base64url'));
  expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({ alg: 'HS256', typ: 'JWT' });
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual({
    ...{ iat: 1_700_000_000, nbf: 1_699_999_970, exp: 1_700_000_300, ...claims },
  });
});

test.each([
  {
    name: 'what is said',
    auth: { type: 'basic', username: 'u', password: 'p', expiresAt: '2027-06-30' },
    want: Date.UTC(2027, 5, 30),
  },
  {
    name: 'a token that says it',
    auth: { type: 'bearer', token: 'e30.eyJleHAiOjE3MDAwMDAwMDB9.x' },
    want: 1_700_000_000_000,
  },
  { name: 'nothing', auth: { type: 'bearer', token: 't' }, want: null },
  { name: 'no credential', auth: undefined, want: null },
])('when it dies: $name', ({ auth, want }) => {
  expect(credentialExpiryOf(authSettings().optional().parse(auth))).toBe(want);
});

test.each([
  { name: 'a header that is set by itself', headers: { Accept: 'text/html' } },
  { name: 'a name that is none', headers: { 'a b': 'c' } },
  { name: 'a line break', headers: { a: 'b\nc: d' } },
])('refused: $name', ({ headers }) => {
  expect(authSettings().safeParse({ type: 'headers', headers }).success).toBe(false);
});
