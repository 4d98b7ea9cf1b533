import { unbracketed } from './address-guard.js';

/** The environment's words on proxies; lower case counts before upper case. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

export interface ProxyRules {
  /** The proxy for a URL, or undefined when it is reached directly. */
  proxyFor(url: URL): URL | undefined;
}

interface Bypass {
  /** A name that also stands for those below it, an address, or `*`. */
  readonly host: string;
  readonly port: string | undefined;
}

/** `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` as curl reads them. Throws when a proxy is no URL; the message does not show it. */
export function proxyRules(environment: ProxyEnvironment): ProxyRules {
  const proxies = {
    'http:': proxyUrl(environment, 'http_proxy'),
    'https:': proxyUrl(environment, 'https_proxy'),
  };
  const bypasses = (variable(environment, 'no_proxy') ?? '').split(/[\s,]+/).flatMap(parseBypass);
  return {
    proxyFor(url) {
      const proxy = url.protocol === 'https:' ? proxies['https:'] : proxies['http:'];
      return bypasses.some((bypass) => isBypassed(url, bypass)) ? undefined : proxy;
    },
  };
}

function variable(environment: ProxyEnvironment, name: string): string | undefined {
  return environment[name] || environment[name.toUpperCase()] || undefined;
}

function proxyUrl(environment: ProxyEnvironment, name: string): URL | undefined {
  const text = variable(environment, name);
  if (text === undefined) return undefined;
  const url = parseProxy(text);
  if (url !== undefined) return url;
  throw new Error(`${name.toUpperCase()} in the environment is not a proxy URL; write it as http://host:port`);
}

/** Undefined when it is no URL of a proxy. Without a scheme it is http. */
export function parseProxy(text: string): URL | undefined {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  return url !== null && ['http:', 'https:'].includes(url.protocol) && hasDecodableUserinfo(url) ? url : undefined;
}

/** Each by itself, as it is decoded on the way: an escape that begins in one does not end in the other. */
function hasDecodableUserinfo({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username);
    decodeURIComponent(password);
    return true;
  } catch {
    return false;
  }
}

/** `example.com`, `.example.com`, `*.example.com`, `example.com:8443`, `10.0.0.1`, `::1`, `[::1]:8080` or `*`. */
function parseBypass(entry: string): Bypass[] {
  if (entry === '') return [];
  // Without brackets, the colons of an IPv6 address are no port.
  if (!entry.startsWith('[') && entry.split(':').length > 2) return [{ host: entry.toLowerCase(), port: undefined }];
  const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
  return [{ host: withoutDots(unbracketed(host)), port }];
}

function isBypassed(url: URL, { host, port }: Bypass): boolean {
  const urlPort = url.port || (url.protocol === 'https:' ? '443' : '80');
  if (port !== undefined && port !== urlPort) return false;
  const urlHost = withoutDots(unbracketed(url.hostname));
  return host === '*' || urlHost === host || urlHost.endsWith(`.${host}`);
}

function withoutDots(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\*?\./, '')
    .replace(/\.$/, '');
}
