import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { temporaryFolder } from './temporary-folder.js';

/** Debian's mail server: it changes to its own user, so only root can start it. */
export const hasExim = process.getuid?.() === 0 && spawnSync('exim4', ['-bV']).status === 0;

export interface Exim {
  readonly port: number;
  /** Resolves with the mailbox, as it lies on the disk, once this text is in it. */
  mailbox(text: string): Promise<string>;
  close(): Promise<void>;
}

/** A real mail server with one mailbox for all of example.com, except for `nobody` (refused for good) and `later` (put off). */
export async function startExim(): Promise<Exim> {
  const folder = temporaryFolder();
  const port = await freePort();
  for (const name of ['spool', 'log', 'mail']) mkdirSync(join(folder, name));
  for (const name of ['', 'spool', 'log', 'mail']) chmodSync(join(folder, name), 0o777);
  writeFileSync(join(folder, 'exim.conf'), configOf(folder, port));
  const daemon = spawn('exim4', ['-C', join(folder, 'exim.conf'), '-bdf', '-odf'], { stdio: 'ignore' });
  await answers(port, daemon);
  const file = join(folder, 'mail', 'all');
  const content = () => (existsSync(file) ? readFileSync(file, 'utf8') : '');
  return {
    port,
    async mailbox(text) {
      const changes = watch(join(folder, 'mail'))[Symbol.asyncIterator]();
      while (!content().includes(text)) await changes.next();
      await changes.return?.();
      return content();
    },
    async close() {
      daemon.kill();
      await once(daemon, 'close');
    },
  };
}

function configOf(folder: string, port: number): string {
  return `primary_hostname = mail.example.com
local_interfaces = <; [127.0.0.1]:${port}
spool_directory = ${folder}/spool
log_file_path = ${folder}/log/%slog
pid_file_path = ${folder}/exim.pid
tls_advertise_hosts =
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = recipients
acl_smtp_data = everything
begin acl
recipients:
  deny local_parts = nobody
       message = no such mailbox
  defer local_parts = later
       message = come back later
  accept domains = example.com
  deny message = relaying is not permitted
everything:
  accept
begin routers
all:
  driver = accept
  transport = mailbox
begin transports
mailbox:
  driver = appendfile
  file = ${folder}/mail/all
  user = Debian-exim
  create_file = anywhere
begin retry
* * F,1h,1m
`;
}

/** Resolves when it listens; asks again and again until then, or until it has ended. */
async function answers(port: number, daemon: ChildProcess): Promise<void> {
  while (daemon.exitCode === null) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'data').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
  }
  throw new Error('exim4 ended before it listened');
}
