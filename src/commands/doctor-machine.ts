import { statfs } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Config } from '../config/config.js';
import { sizeWords } from '../sinks/text.js';
import { type Environment, machineFacts } from '../system.js';
import { VERSION } from '../version.js';
import type { CommandContext } from './command.js';
import { type Check, fail, looked, ok, warn } from './doctor-report.js';
import { nearest, tryWriting, whyNoAccess } from './writing.js';

/** The machine and the environment of `doctor`: what needs no answer of anybody. */

export function programChecks({ cwd, host }: CommandContext): readonly Check[] {
  const { node, sqlite, system } = machineFacts();
  return [
    ok('version', `recording-notifier ${VERSION}, Node ${node}, SQLite ${sqlite}`),
    ok('machine', `${host}, ${system}`),
    ok('folder', cwd),
  ];
}

const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];

/** Of variables the names alone: a proxy's URL may hold a password. */
export function environmentChecks({ environment }: CommandContext): readonly Check[] {
  const { timezone, memoryBytes, memoryFreeBytes, memoryLimitBytes, heapLimitBytes } = machineFacts();
  const proxies = PROXIES.flatMap((name) => [name.toLowerCase(), name]).filter((name) => isSet(environment, name));
  const limit = memoryLimitBytes === undefined ? 'no limit' : `limited to ${sizeWords(memoryLimitBytes)}`;
  return [
    ok('proxies', proxies.length === 0 ? 'none is set' : `${proxies.join(', ')} set`),
    ok('time zone', `${timezone}, TZ is ${isSet(environment, 'TZ') ? 'set' : 'not set'}`),
    ok(
      'memory',
      `${sizeWords(memoryFreeBytes)} of ${sizeWords(memoryBytes)} free, ${limit}; the heap may have ${sizeWords(heapLimitBytes)}`,
    ),
    ...(environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0'
      ? [
          warn(
            'TLS',
            'NODE_TLS_REJECT_UNAUTHORIZED is 0: no certificate is checked, so anybody in between can read what is sent; name the CA in NODE_EXTRA_CA_CERTS instead',
          ),
        ]
      : []),
    ...(isSet(environment, 'NODE_EXTRA_CA_CERTS') ? [ok('TLS', 'NODE_EXTRA_CA_CERTS is set')] : []),
  ];
}

function isSet(environment: Environment, name: string): boolean {
  return environment[name] !== undefined && environment[name] !== '';
}

/** Where something is written: the store and whatever sinks write to; the working directory where the config does not say. */
export async function diskChecks(config: Config | undefined, context: CommandContext): Promise<readonly Check[]> {
  const { cwd } = context;
  const places: { readonly what: string; readonly path: string }[] = [];
  if (config?.store.kind === 'sqlite') places.push({ what: 'store', path: config.store.file });
  for (const { name, definition, settings } of config?.sinks ?? []) {
    const path = definition.writesTo?.(settings);
    if (path !== undefined) places.push({ what: `sinks.${name}`, path });
  }
  if (config === undefined) places.push({ what: 'working directory', path: cwd });
  const checks = places.map(({ what, path }) => looked(what, async () => [await roomAt(what, resolve(cwd, path))]));
  const written = looked('store', async () => {
    const refused = config && (await tryWriting(config.store, context));
    return refused === undefined ? [] : [fail('store', refused.detail)];
  });
  const found = (await Promise.all([...checks, written])).flat();
  return found.filter(
    (check, index) => index === found.findIndex(({ what, detail }) => what === check.what && detail === check.detail),
  );
}

const BYTES_SCARCE = 1_000_000_000;
const BYTES_MIN = 100_000_000;
const INODES_SCARCE = 10_000;

async function roomAt(what: string, path: string): Promise<Check> {
  const there = nearest(path);
  const { bavail, bsize, files, ffree } = await statfs(there);
  const bytes = bavail * bsize;
  const room = `${there}: ${sizeWords(bytes)} free${files > 0 ? `, ${ffree} inodes` : ''}`;
  const refused = await whyNoAccess(there);
  if (refused !== undefined) return fail(what, refused);
  if (bytes < BYTES_MIN) return fail(what, `${room}; make room before it is full`);
  // Some file systems, such as btrfs, count none.
  if (files > 0 && ffree === 0) return fail(what, `${room}; remove files: no other can be made`);
  if (bytes < BYTES_SCARCE || (files > 0 && ffree < INODES_SCARCE)) return warn(what, `${room}; make room`);
  return ok(what, room);
}
