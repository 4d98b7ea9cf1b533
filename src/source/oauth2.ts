import type { HttpAnswer } from '../ports.js';
import type { NotWanted } from './answer.js';
import { keyNamesOf, type SourceContext, SourceError } from './define.js';
import { type Credential, createJsonRequest, fixedCredential } from './json-request.js';
import { isObject, parsed } from './schema.js';

/** Of a token that does not say how long it lives. */
const LIFE_SECONDS = 300;
/** A token is renewed so long before it dies, or at half its life if that is shorter. */
const MARGIN_MS = 60_000;
/** A token as young as this that is refused is none that has been taken back: another one would be refused too. */
const YOUNG_MS = 60_000;
const TOKEN_LENGTH_MAX = 16_384;

/** The words of RFC 6749, 5.2: others may hold anything. */
const ERROR_WORDS = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
];

interface Oauth2Settings {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string | undefined;
  readonly params: Readonly<Record<string, string>>;
  readonly sendAs: 'basic' | 'body';
}

interface Token {
  readonly header: string;
  readonly madeAtMs: number;
  readonly renewAtMs: number;
}

type Made = { readonly token: string; readonly lifeSeconds: number } | { readonly refused: string };

/**
 * The grant of client credentials: a token is made when there is none that lives, one at a time, and kept until shortly before it dies.
 * A request that is answered by 401 makes another one, once.
 *
 * @see RFC 6749, 4.4
 */
export function createOauth2(context: SourceContext<unknown>, settings: Oauth2Settings, timeoutMs: number): Credential {
  const { clientId, clientSecret, sendAs } = settings;
  const pair = Buffer.from(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`).toString('base64');
  const ask = createJsonRequest(context, {
    ...{ urlKey: 'auth.tokenUrl', timeoutMs },
    credential: fixedCredential({
      key: 'auth.clientSecret',
      headers: sendAs === 'basic' ? { authorization: `Basic ${pair}` } : {},
      secrets: [clientSecret, pair],
    }),
  });
  const keyName = keyNamesOf(context);
  const { clock } = context;
  /** The last two, since what was refused may be repeated in the answer that refuses it. */
  let known: readonly string[] = [];
  let token: Token | undefined;
  let underWay: Promise<Token> | undefined;

  async function make(signal: AbortSignal): Promise<Token> {
    const request = { method: 'POST', url: settings.tokenUrl, headers: FORM, body: formOf(settings) } as const;
    const { read } = await ask<Made>({ ...request, read: readToken, instead: refusalIn }, signal);
    if ('refused' in read) {
      const advice = `check ${keyName('auth.clientId')}, ${keyName('auth.clientSecret')} and ${keyName('auth.tokenUrl')}`;
      throw new SourceError('unauthorized', `source ${context.name}: no token was made: ${read.refused}; ${advice}`);
    }
    const lifeMs = read.lifeSeconds * 1_000;
    const madeAtMs = clock.monotonicMs();
    known = [read.token, ...known].slice(0, 2);
    const renewAtMs = madeAtMs + lifeMs - Math.min(MARGIN_MS, lifeMs / 2);
    return { header: `Bearer ${read.token}`, madeAtMs, renewAtMs };
  }

  function readToken(json: unknown): Made | NotWanted {
    const advice = `check that ${keyName('auth.tokenUrl')} is where tokens are made`;
    if (!isObject(json)) return { lacks: 'an access_token', advice };
    const { access_token: text, token_type: type = 'bearer', expires_in: life = LIFE_SECONDS } = json;
    const isToken = typeof text === 'string' && /^[\x21-\x7e]+$/.test(text) && text.length <= TOKEN_LENGTH_MAX;
    if (!isToken) return { lacks: 'an access_token', advice };
    if (String(type).toLowerCase() !== 'bearer') return { lacks: 'a token of the type bearer', advice };
    const seconds = Number(life);
    return { token: text, lifeSeconds: seconds > 0 && seconds < 1e9 ? seconds : LIFE_SECONDS };
  }

  return {
    key: 'auth.clientSecret',
    secrets: () => [clientSecret, pair, ...known],
    async headers(signal) {
      for (;;) {
        if (token !== undefined && clock.monotonicMs() < token.renewAtMs) return { authorization: token.header };
        underWay ??= make(signal).finally(() => {
          underWay = undefined;
        });
        try {
          token = await underWay;
          return { authorization: token.header };
        } catch (error) {
          // Whoever began it was stopped; we were not.
          const isOthers = error instanceof SourceError && error.kind === 'aborted' && !signal.aborted;
          if (!isOthers) throw error;
        }
      }
    },
    refused({ authorization }) {
      if (token === undefined || token.header !== authorization) return true;
      if (clock.monotonicMs() - token.madeAtMs < YOUNG_MS) return false;
      token = undefined;
      return true;
    },
  };
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

function formOf({ clientId, clientSecret, scope, params, sendAs }: Oauth2Settings): string {
  return new URLSearchParams({
    grant_type: 'client_credentials',
    ...(scope !== undefined && { scope }),
    ...(sendAs === 'body' && { client_id: clientId, client_secret: clientSecret }),
    ...params,
  }).toString();
}

/** A 400 of this address is a no, in a word of a fixed list. */
function refusalIn({ status, body }: HttpAnswer): Made | undefined {
  if (status !== 400) return undefined;
  const json = parsed(body);
  const word = isObject(json) ? ERROR_WORDS.find((each) => each === json['error']) : undefined;
  return { refused: `status 400${word === undefined ? '' : ` (${word})`}` };
}

/** @see RFC 6749, appendix B */
function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
