import { createHash } from 'node:crypto';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { type ArchivePlace, type ArchiveSettings, placeOf } from '../archive/place.js';
import { archiveSettings, readArchiveSettings } from '../archive/settings.js';
import type { Config } from '../config/config.js';
import { proxyRules } from '../http/proxy.js';
import { type Lock, takeLock } from '../store/lock.js';
import { nonce, systemClock } from '../system.js';
import { type CommandContext, CommandError, UsageError } from './command.js';

export interface PlaceOptions {
  readonly to?: string;
  readonly maxRate?: number;
}

/** The archive that a drain works on. What its options do not say is as the only archive sink has it. */
export function openPlace(
  { to, maxRate }: PlaceOptions,
  config: Config,
  context: Pick<CommandContext, 'cwd' | 'environment'>,
): ArchivePlace {
  const configured = config.sinks.flatMap(({ definition, settings }) => definition.archive?.(settings) ?? []);
  const [only] = configured.length === 1 ? configured : [];
  const settings = only ?? checked(to ?? nowhere(configured));
  const place = to === undefined ? settings.to : checked(to).to;
  const bytesPerSecond = maxRate ?? settings.bytesPerSecond;
  return placeAt({ ...settings, to: place, bytesPerSecond }, context);
}

export function placeAt(
  settings: ArchiveSettings,
  { cwd, environment }: Pick<CommandContext, 'cwd' | 'environment'>,
): ArchivePlace {
  const to = settings.to.startsWith('s3://') ? settings.to : resolve(cwd, settings.to);
  return placeOf({ ...settings, to }, { clock: systemClock, nonce, proxyFor: proxyForIn(environment) });
}

function proxyForIn(environment: CommandContext['environment']) {
  try {
    return proxyRules(environment).proxyFor;
  } catch (error) {
    throw new CommandError((error as Error).message);
  }
}

function nowhere(configured: readonly ArchiveSettings[]): never {
  const ways = configured.map(({ to }) => `--to ${to}`);
  throw new UsageError(
    ways.length === 0
      ? '--to is missing, and the config has no archive sink; write --to FOLDER or --to s3://bucket/prefix.'
      : `--to is missing, and the config has ${ways.length} archive sinks; write ${ways.join(' or ')}.`,
  );
}

function checked(to: string): ArchiveSettings {
  const { data, error } = archiveSettings.safeParse({ to });
  if (data !== undefined) return readArchiveSettings(data);
  throw new UsageError(`--to ${to} ${error.issues[0]?.message}; write a folder, or s3://bucket/prefix.`);
}

/**
 * Keeps other drains off an archive until it is released or the process ends. In storage there is nothing that ends with a process: there
 * it holds for this machine and user.
 *
 * @param label of a target that is open
 */
export function holdArchive(label: string): Lock {
  const lock = takeLock(label.startsWith('s3://') ? join(tmpdir(), lockNameOf(label)) : join(label, '.drain'));
  if (lock !== undefined) return lock;
  throw new CommandError(`${label}: another drain works on it; wait for its end, or stop it`);
}

function lockNameOf(label: string): string {
  const hash = createHash('sha256').update(label).digest('hex').slice(0, 16);
  return `recording-notifier-drain-${userInfo().uid}-${hash}`;
}
