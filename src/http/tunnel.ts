import { type buildConnector, Client, errors } from 'undici';

/** What a proxy has to say whether it leads on; whoever waits for a trial has a time of its own. */
const ANSWER_TIMEOUT_MS = 10_000;

/**
 * A connection to an https target as a request behind a proxy has it: the proxy is asked to lead on, and the handshake is with the target.
 * undici's own goes no further without a request.
 */
export function tunnelThrough(
  proxy: URL,
  toProxy: buildConnector.connector,
  toTarget: buildConnector.connector,
): buildConnector.connector {
  return (options, callback) => {
    const client = new Client(proxy.origin, { connect: toProxy, headersTimeout: ANSWER_TIMEOUT_MS });
    const host = options.host ?? options.hostname;
    const path = options.port === '' ? `${host}:443` : host;
    client
      .connect({ path, headers: { host, ...authorizationOf(proxy) } })
      .then(({ statusCode, socket }) => {
        if (statusCode === 200) return toTarget({ ...options, httpSocket: socket as never }, callback);
        socket.on('error', () => undefined).destroy();
        throw new errors.RequestAbortedError(`the proxy answered ${statusCode}`);
      })
      .catch((error: unknown) => callback(asRefusal(error), null))
      .finally(() => void client.close());
  };
}

/** A proxy that ends the connection in place of an answer refuses as well; what breaks otherwise is told by its own code. */
function asRefusal(error: unknown): Error {
  if (error instanceof errors.SocketError) return new errors.RequestAbortedError(error.message);
  return error as Error;
}

function authorizationOf({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '') return {};
  const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  return { 'proxy-authorization': `Basic ${login.toString('base64')}` };
}
