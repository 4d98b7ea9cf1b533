import { failureOf } from '../http/failure.js';
import { ArchiveError, type ArchiveFailureKind } from './define.js';

/** Where it happened, in words: the target, and the host and port that were asked. */
export interface S3Place {
  readonly label: string;
  readonly host: string;
}

const CLOCK = 'the clock of this machine differs too much from that of the storage; set the clock';
const SECRET = 'the storage refuses the signature; check secretAccessKey, and region';
const KEY = 'the storage does not know the access key; check accessKeyId';
const OLD = 'the credentials are not valid any more; renew them';
const REGION = 'the bucket is in another region; set region';
const FULL = 'the storage has no room left';
const BUSY = 'the storage asks to be left alone for a while';

/** By the code of the storage's answer, which is the same with every vendor as far as one takes over the protocol. */
const SAYINGS: Readonly<Record<string, readonly [kind: ArchiveFailureKind, words: string]>> = {
  InvalidAccessKeyId: ['forbidden', KEY],
  SignatureDoesNotMatch: ['forbidden', SECRET],
  AuthorizationHeaderMalformed: ['forbidden', SECRET],
  ExpiredToken: ['forbidden', OLD],
  InvalidToken: ['forbidden', OLD],
  RequestTimeTooSkewed: ['forbidden', CLOCK],
  RequestExpired: ['forbidden', CLOCK],
  CredentialsProviderError: ['forbidden', 'there are no credentials; set accessKeyId and secretAccessKey'],
  TokenProviderError: ['forbidden', OLD],
  NoSuchBucket: ['broken', 'there is no such bucket; create it, or correct the name'],
  PermanentRedirect: ['broken', REGION],
  IllegalLocationConstraintException: ['broken', REGION],
  EntityTooLarge: ['broken', 'the file is larger than the storage takes'],
  QuotaExceeded: ['no_space', FULL],
  StorageFull: ['no_space', FULL],
  XMinioStorageFull: ['no_space', FULL],
  XMinioAdminBucketQuotaExceeded: ['no_space', FULL],
  SlowDown: ['unreachable', BUSY],
  ServiceUnavailable: ['unreachable', BUSY],
};

const NO_REGION = 'there is no region; set region';

/**
 * What the client threw, in words of ours alone. The error itself goes no further, not even as a cause: one of a refused signature
 * has the key and the signed text in it.
 */
export function archiveErrorOf(error: unknown, { label, host }: S3Place): ArchiveError {
  if (error instanceof ArchiveError) return error;
  const { name, status, message, code, isOfSystem } = partsOf(error);
  const saying = SAYINGS[name];
  if (saying !== undefined) return new ArchiveError(saying[0], `${label}: ${saying[1]} (${name} of ${host})`);
  if (message === 'Region is missing') return new ArchiveError('broken', `${label}: ${NO_REGION}`);
  if (status !== undefined && status < 300) return noStorage({ label, host });
  if (status !== undefined)
    return new ArchiveError(...ofStatus(status, `${label}: ${host} answered ${status} ${name}`));
  if (name === 'TimeoutError') return new ArchiveError('unreachable', `${label}: ${host} did not answer in time`);
  if (code === 'ERR_PROXY_TUNNEL')
    return new ArchiveError('unreachable', `${label}: the proxy lets nothing through to ${host} (${code})`);
  if (isOfSystem) return new ArchiveError('unreachable', `${label}: ${failureOf(error, host).detail}`);
  return new ArchiveError('broken', `${label}: the client for S3 failed (${name})`);
}

/** The answer means something, but nothing that S3 says. */
export function noStorage({ label, host }: S3Place): ArchiveError {
  return new ArchiveError('broken', `${label}: ${host} does not answer as S3 does; check endpoint`);
}

/** For an object or an upload that does not exist. */
export class NothingThereError extends ArchiveError {
  constructor(message: string) {
    super('broken', message);
  }
}

/** Said of a key or an upload, not of the bucket. */
export function isNotFound(error: unknown): boolean {
  const { name, status } = partsOf(error);
  return status === 404 && name !== 'NoSuchBucket';
}

function ofStatus(status: number, words: string): [ArchiveFailureKind, string] {
  if (status === 401 || status === 403) return ['forbidden', `${words}; check what the key may do there`];
  if (status === 507) return ['no_space', `${words}; ${FULL}`];
  if (status === 301 || status === 307) return ['broken', `${words}; ${REGION}`];
  if (status === 429 || status >= 500) return ['unreachable', words];
  return ['broken', words];
}

function partsOf(error: unknown): {
  readonly name: string;
  readonly status?: number;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly isOfSystem: boolean;
} {
  if (typeof error !== 'object' || error === null) return { name: '', isOfSystem: false };
  const { name, code, message, $metadata } = error as {
    readonly name?: unknown;
    readonly code?: unknown;
    readonly message?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: unknown };
  };
  const status = $metadata?.httpStatusCode;
  return {
    // It comes from the answer: anything but a code stays out.
    name: typeof name === 'string' && /^[A-Za-z0-9.]{1,60}$/.test(name) ? name : '',
    ...(typeof status === 'number' && { status }),
    message,
    code,
    isOfSystem: typeof code === 'string',
  };
}
