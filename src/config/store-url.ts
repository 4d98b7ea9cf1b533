/** Stores on a server, as a URL names them. */

export type ServerKind = 'redis' | 'postgres';

export interface ServerAddress {
  readonly kind: ServerKind;
  /** What the driver is given: without `prefix`, with credentials. */
  readonly url: string;
  /** Keeps two notifiers on one server apart. */
  readonly prefix: string;
  /** Where it is, for people: no credentials. */
  readonly label: string;
}

const PREFIX_DEFAULT = 'recording-notifier';

const KINDS: Readonly<Record<string, { readonly kind: ServerKind; readonly port: string }>> = {
  'redis:': { kind: 'redis', port: '6379' },
  'rediss:': { kind: 'redis', port: '6379' },
  'postgres:': { kind: 'postgres', port: '5432' },
  'postgresql:': { kind: 'postgres', port: '5432' },
};

/**
 * What the text says, or what is wrong with it, in words that do not repeat it: it may hold a password. Undefined for a store of
 * another kind.
 */
export function readServerUrl(
  text: string,
): ServerAddress | { readonly problem: string; readonly hint: string } | undefined {
  if (!/^(?:rediss?|postgres(?:ql)?):/.test(text)) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const known = KINDS[url?.protocol ?? ''];
  if (url === undefined || known === undefined || url.hostname === '')
    return {
      problem: 'is not the URL of a store',
      hint: 'write one such as redis://host:6379/0 or postgres://user@host/db, with special characters of the password as %XX',
    };
  const { kind, port } = known;
  const prefix = url.searchParams.get('prefix') ?? PREFIX_DEFAULT;
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(prefix))
    return {
      problem: 'has a prefix that is not a name',
      hint: 'write letters, digits, _ and -, at most 63, the first a letter or digit',
    };
  const label = `${url.protocol}//${url.hostname}:${url.port || port}${url.pathname}${url.searchParams.has('prefix') ? `?prefix=${prefix}` : ''}`;
  url.searchParams.delete('prefix');
  if (kind === 'redis' && (url.search !== '' || !/^(?:\/\d{0,5})?$/.test(url.pathname)))
    return { problem: 'is not the URL of a Redis database', hint: 'write one such as redis://host:6379/0?prefix=name' };
  if (kind === 'postgres' && !/^\/[^/]+$/.test(url.pathname))
    return { problem: 'names no database', hint: 'write one such as postgres://user@host:5432/database?prefix=name' };
  return { kind, url: url.href, prefix, label };
}
