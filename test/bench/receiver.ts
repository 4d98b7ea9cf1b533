import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { serve } from './serve.js';

/** Says yes to everything and looks at nothing, so that it is never what is waited for. */

export const receiverDeeds = serve({
  /** @returns the URL of webhooks */
  async openHook(): Promise<string> {
    const server = createServer((request, response) => {
      request.resume().once('end', () => response.writeHead(204).end());
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
