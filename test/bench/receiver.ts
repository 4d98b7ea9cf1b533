import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { serve } from './serve.js';

/** Says yes to everything and looks at nothing, so that it is never what is waited for. */

export const receiverDeeds = serve({
  /** @param delayMs until it answers @returns the URL of webhooks */
  async openHook(delayMs = 0): Promise<string> {
    const server = createServer((request, response) => {
      const answer = () => response.writeHead(204).end();
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
