import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { serve } from './serve.js';

/** Says yes to everything and looks at nothing, so that it is never what is waited for. */

let came = 0;
let waiting: { readonly count: number; resolve(atMs: number): void } | undefined;

export const receiverDeeds = serve({
  /** @returns when the n-th webhook from now on has come, of the wall clock */
  nth(count: number): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    waiting = { count: came + count, resolve };
    return promise;
  },
  /** @param delayMs until it answers @returns the URL of webhooks */
  async openHook(delayMs = 0): Promise<string> {
    const server = createServer((request, response) => {
      const answer = () => response.writeHead(204).end();
      came += 1;
      if (came === waiting?.count) waiting.resolve(performance.timeOrigin + performance.now());
      request.resume().once('end', () => (delayMs === 0 ? answer() : setTimeout(answer, delayMs)));
    });
    return `http://127.0.0.1:${await portOf(server)}/`;
  },
  /** @returns the URL of a mail server */
  async openMail(): Promise<string> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      disableReverseLookup: true,
      onData: (stream, _session, done) => void stream.resume().once('end', done),
    });
    return `smtp://127.0.0.1:${await portOf(server)}`;
  },
});

function portOf(server: Server | SMTPServer): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const listening = server.listen(0, '127.0.0.1', () => resolve((listening.address() as AddressInfo).port));
  return promise;
}
