import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { isLoopback } from '../config/listen.js';

/** Who gets to see and to ask what. */

/**
 * Everything comes from here, nothing of it is framed, kept, or told where it leads. Referrer-Policy is not `no-referrer`: with that,
 * browsers send `Origin: null` with our own forms.
 */
export const headers = secureHeaders({
  contentSecurityPolicy: {
    ...{ defaultSrc: ["'none'"], scriptSrc: ["'self'"], styleSrc: ["'self'"], imgSrc: ["'self'", 'data:'] },
    ...{ connectSrc: ["'self'"], formAction: ["'self'"], baseUri: ["'none'"], frameAncestors: ["'none'"] },
  },
  ...{ referrerPolicy: 'same-origin', xFrameOptions: 'DENY', crossOriginResourcePolicy: 'same-origin' },
  ...{ crossOriginOpenerPolicy: 'same-origin', strictTransportSecurity: false, xXssProtection: false },
});

/**
 * Without a token, whoever has a page of theirs open in a browser on this machine could give their own name the address 127.0.0.1 and
 * read what that page fetches (DNS rebinding): so only names of this machine are answered.
 */
export function onlyLocalNames(): MiddlewareHandler {
  return async (context, next) => {
    const host = hostOf(context.req.header('host'));
    if (host !== undefined && isLoopback({ host })) return next();
    return refuse(
      context,
      421,
      'this server answers to localhost and 127.0.0.1 alone; to reach it by another name, set server.token',
    );
  };
}

/** The host of a Host header, without its port and the brackets of IPv6. */
function hostOf(header: string | undefined): string | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+))(?::\d{1,5})?$/.exec(header ?? '');
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

/** The token as Bearer, or as the password of HTTP Basic, which a browser asks for. */
/** @param onWrong called when somebody has another one */
export function onlyWithToken(token: string, onWrong: () => void): MiddlewareHandler {
  return async (context, next) => {
    const given = credentialOf(context.req.header('authorization'));
    if (given !== undefined && isSame(given, token)) return next();
    if (given !== undefined) onWrong();
    context.header('WWW-Authenticate', 'Basic realm="recording-notifier", charset="UTF-8"');
    const what = given === undefined ? 'a token is needed' : 'that is not the token';
    return refuse(context, 401, `${what}: send server.token as Bearer, or as the password of HTTP Basic with any name`);
  };
}

export function credentialOf(authorization: string | undefined): string | undefined {
  const [, scheme = '', value = ''] = /^(\S+) +(\S+) *$/.exec(authorization ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : text.slice(colon + 1);
}

/** In a time that says nothing of where they differ. */
export function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/** A page of somebody else's may make a browser send a form here, with its credentials: browsers say from where, and cannot be made not to. */
export function onlySameSite(): MiddlewareHandler {
  return async (context, next) => {
    const { method } = context.req;
    if (SAFE_METHODS.includes(method) || isOurs(context)) return next();
    return refuse(context, 403, 'the request comes from a page of another site');
  };
}

function isOurs({ req }: Context): boolean {
  const site = req.header('sec-fetch-site');
  // What a browser says itself counts more than what can be compared: a proxy may have rewritten the host.
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const origin = req.header('origin');
  // A proxy may have ended TLS: the scheme may differ, the host may not.
  return origin === undefined || URL.parse(origin)?.host === req.header('host')?.toLowerCase();
}

export function refuse(context: Context, status: 400 | 401 | 403 | 404 | 409 | 413 | 421 | 503, error: string) {
  return context.json({ error }, status);
}
