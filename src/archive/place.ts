import type { Clock, HttpClient } from '../ports.js';
import type { ArchivedRecording, ArchiveTarget } from './define.js';
import { type Download, download, notStored } from './download.js';
import { folderTarget } from './folder.js';
import { archivePath, extensionOf } from './names.js';
import { createPace, type Pace } from './pace.js';
import { s3Target } from './s3.js';
import { readS3Address, type S3Settings } from './s3-settings.js';

/** Where an archive is and how its files are made. */
export interface ArchiveSettings {
  /** A folder, or what {@link readS3Address} takes. */
  readonly to: string;
  /** Of file names; undefined: the default. */
  readonly template?: string | undefined;
  /** Of all downloads together; undefined: as fast as it goes. */
  readonly bytesPerSecond?: number | undefined;
  readonly s3: S3Settings;
}

export interface PlacePorts {
  readonly clock: Clock;
  /** Never the same twice. */
  readonly nonce: () => string;
  /** Of several places together; without it the place has one of its own. */
  readonly pace?: Pace;
  /** As in {@link HttpClient}: the client for S3 knows nothing of proxies by itself. */
  readonly proxyFor?: HttpClient['proxyFor'];
}

/** Where the bytes of a recording are. */
export interface ArchiveLink {
  /** null: unknown, so that another one is asked for. */
  readonly url: string | null;
  /** As in {@link HttpOpenRequest}. */
  readonly givenBy?: string | undefined;
  /** Another URL of the recording; undefined when there is none. Does not throw. */
  fresh(signal: AbortSignal): Promise<string | undefined>;
}

export interface CarryPorts {
  readonly http: Pick<HttpClient, 'open'>;
  readonly signal: AbortSignal;
  readonly received?: (bytes: number) => void;
}

/** An archive, and the way into it. */
export interface ArchivePlace {
  readonly target: ArchiveTarget;
  /** Brings a recording into it, whether it is there or not. After the target is open. */
  carry(recording: ArchivedRecording, link: ArchiveLink, ports: CarryPorts): Promise<Download>;
}

/** Opens nothing yet. */
export function placeOf(settings: ArchiveSettings, ports: PlacePorts): ArchivePlace {
  const { template, bytesPerSecond } = settings;
  const { clock, pace = createPace(clock) } = ports;
  const target = targetOf(settings, ports);
  pace.limit(bytesPerSecond);
  return {
    target,
    async carry(recording, { url, givenBy, fresh }, { http, signal, received }) {
      const path = archivePath(recording, extensionOf(url), template);
      const draft = await target.begin(recording, path).catch(notStored);
      if ('reason' in draft) return draft;
      return download({
        ...{ http, clock, draft, signal, limits: { pace }, givenBy },
        firstUrl: url,
        freshUrl: fresh,
        ...(received !== undefined && { progress: received }),
      });
    },
  };
}

function targetOf({ to, s3 }: ArchiveSettings, ports: PlacePorts): ArchiveTarget {
  if (!to.startsWith('s3://')) return folderTarget({ folder: to, ...ports });
  const address = readS3Address(to);
  if ('problem' in address) throw new TypeError(`${to} ${address.problem}`);
  return s3Target({ address, settings: s3, ...ports });
}
