import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import type { HttpClient } from '../ports.js';
import { archiveErrorOf, isNotFound, NothingThereError, noStorage, type S3Place } from './s3-errors.js';
import type { S3Address, S3Settings } from './s3-settings.js';

type Sdk = typeof import('@aws-sdk/client-s3');

/** How long the storage may take, and how often it is asked. */
export interface S3Limits {
  readonly connectTimeoutMs: number;
  /** Without a byte in either direction. A part of a large file may take as long as its bytes flow. */
  readonly idleTimeoutMs: number;
  readonly attempts: number;
}

const LIMITS: S3Limits = { connectTimeoutMs: 10_000, idleTimeoutMs: 60_000, attempts: 4 };

/** As many as the client has without a proxy. */
const CONNECTIONS_MAX = 50;

/** At a thousand keys a page: a hundred million. */
const PAGES_MAX = 100_000;

export interface StoredObject {
  readonly bytes: number;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ObjectHead {
  readonly contentType: string | null;
  /** Printable ASCII. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Part {
  readonly PartNumber: number;
  readonly ETag: string;
}

/** The part of a bucket below a prefix: keys are paths below it. Throws ArchiveErrors. Loads the client at the first request. */
export class S3Storage implements S3Place {
  readonly label: string;
  readonly host: string;
  readonly #name: string;
  readonly #below: string;
  readonly #settings: S3Settings;
  readonly #limits: S3Limits;
  readonly #proxy: URL | undefined;
  #opening: Promise<{ readonly sdk: Sdk; readonly client: S3Client }> | undefined;

  constructor(
    { bucket, prefix }: S3Address,
    settings: S3Settings,
    limits: S3Limits = LIMITS,
    proxyFor: HttpClient['proxyFor'] = () => undefined,
  ) {
    this.#proxy = proxyFor(new URL(settings.endpoint ?? awsUrl(bucket, settings.region)));
    this.#name = bucket;
    this.#below = prefix === '' ? '' : `${prefix}/`;
    this.#settings = settings;
    this.#limits = limits;
    this.label = prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`;
    this.host = settings.endpoint === undefined ? 'AWS' : new URL(settings.endpoint).host;
  }

  /** False where its keys can be those of others. */
  get isBelowPrefix(): boolean {
    return this.#below !== '';
  }

  put(path: string, body: Uint8Array, head: ObjectHead, signal?: AbortSignal): Promise<void> {
    return this.#ask(path, async (client, sdk) => {
      const command = new sdk.PutObjectCommand({ ...this.#at(path), ...headers(head), Body: body });
      await client.send(command, optional(signal));
    });
  }

  /** For small objects: it is held in memory. undefined also where it is larger than that. */
  get(path: string, bytesMax: number): Promise<string | undefined> {
    return this.#ask(path, async (client, sdk) => {
      const { Body, ContentLength } = await client.send(new sdk.GetObjectCommand(this.#at(path)));
      if (ContentLength !== undefined && ContentLength <= bytesMax) return Body?.transformToString();
      (Body as Readable | undefined)?.destroy();
      return undefined;
    }).catch(nothing);
  }

  head(path: string): Promise<StoredObject | undefined> {
    return this.#ask(path, async (client, sdk) => {
      const answer = await client.send(new sdk.HeadObjectCommand(this.#at(path)));
      return { bytes: answer.ContentLength ?? 0, metadata: answer.Metadata ?? {} };
    }).catch(nothing);
  }

  async *read(path: string): AsyncGenerator<Uint8Array, void, undefined> {
    const body = await this.#ask(path, async (client, sdk) => {
      const answer = await client.send(new sdk.GetObjectCommand(this.#at(path)));
      return answer.Body as AsyncIterable<Uint8Array> | undefined;
    });
    try {
      if (body !== undefined) yield* body;
    } catch (error) {
      throw archiveErrorOf(error, this);
    }
  }

  /** A page at a time, of 1,000 at most, in the order of the storage. */
  async *list(below: string): AsyncGenerator<readonly { readonly path: string; readonly bytes: number }[]> {
    const place = { Bucket: this.#name, Prefix: this.#below + below };
    let token: string | undefined;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const at = token === undefined ? place : { ...place, ContinuationToken: token };
      const answer = await this.#ask(below, (client, sdk) => client.send(new sdk.ListObjectsV2Command(at)));
      // A page of something else altogether would otherwise read as an empty bucket.
      if (answer.IsTruncated === undefined) throw noStorage(this);
      yield (answer.Contents ?? []).map(({ Key = '', Size = 0 }) => ({ path: this.#pathOf(Key), bytes: Size }));
      token = answer.NextContinuationToken;
      if (answer.IsTruncated !== true || token === undefined) return;
    }
  }

  /** @returns the id of the upload */
  startUpload(path: string, head: ObjectHead): Promise<string> {
    return this.#ask(path, async (client, sdk) => {
      const command = new sdk.CreateMultipartUploadCommand({ ...this.#at(path), ...headers(head) });
      const { UploadId } = await client.send(command);
      if (UploadId === undefined) throw noStorage(this);
      return UploadId;
    });
  }

  uploadPart(path: string, id: string, number: number, body: Uint8Array, signal: AbortSignal): Promise<Part> {
    return this.#ask(path, async (client, sdk) => {
      const command = new sdk.UploadPartCommand({ ...this.#at(path), UploadId: id, PartNumber: number, Body: body });
      const { ETag } = await client.send(command, optional(signal));
      if (ETag === undefined) throw noStorage(this);
      return { PartNumber: number, ETag };
    });
  }

  completeUpload(path: string, id: string, parts: readonly Part[]): Promise<void> {
    return this.#ask(path, async (client, sdk) => {
      const place = { ...this.#at(path), UploadId: id };
      await client.send(new sdk.CompleteMultipartUploadCommand({ ...place, MultipartUpload: { Parts: [...parts] } }));
    });
  }

  /** Fine where there is none any more. */
  async abortUpload(path: string, id: string): Promise<void> {
    await this.#ask(path, async (client, sdk) => {
      await client.send(new sdk.AbortMultipartUploadCommand({ ...this.#at(path), UploadId: id }));
    }).catch(nothing);
  }

  /** Uploads under way; one page, which is up to 1,000. */
  uploads(): Promise<readonly { readonly path: string; readonly id: string; readonly startedAtMs: number }[]> {
    return this.#ask('', async (client, sdk) => {
      const command = new sdk.ListMultipartUploadsCommand({ Bucket: this.#name, Prefix: this.#below });
      const { Uploads = [] } = await client.send(command);
      return Uploads.flatMap(({ Key, UploadId, Initiated }) =>
        Key?.startsWith(this.#below) === true && UploadId !== undefined && Initiated !== undefined
          ? [{ path: this.#pathOf(Key), id: UploadId, startedAtMs: Initiated.getTime() }]
          : [],
      );
    });
  }

  async close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined);
    opened?.client.destroy();
    this.#opening = undefined;
  }

  /** @param path what it is about, for an answer that says that there is none */
  async #ask<Answer>(path: string, ask: (client: S3Client, sdk: Sdk) => Promise<Answer>): Promise<Answer> {
    try {
      this.#opening ??= openClient(this.#settings, this.#limits, this.#proxy);
      const { client, sdk } = await this.#opening;
      return await ask(client, sdk);
    } catch (error) {
      if (isNotFound(error)) throw new NothingThereError(`${this.label}: ${path} is not there`);
      throw archiveErrorOf(error, this);
    }
  }

  #at(path: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#name, Key: this.#below + path };
  }

  #pathOf(key: string): string {
    return key.slice(this.#below.length);
  }
}

async function openClient(
  { endpoint, region, forcePathStyle, accessKeyId, secretAccessKey }: S3Settings,
  { connectTimeoutMs, idleTimeoutMs, attempts }: S3Limits,
  proxy: URL | undefined,
): Promise<{ readonly sdk: Sdk; readonly client: S3Client }> {
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({
    ...(endpoint !== undefined && { endpoint, region: 'us-east-1', forcePathStyle: true }),
    ...(region !== undefined && { region }),
    ...(forcePathStyle !== undefined && { forcePathStyle }),
    ...(accessKeyId !== undefined &&
      secretAccessKey !== undefined && { credentials: { accessKeyId, secretAccessKey } }),
    maxAttempts: attempts,
    requestHandler: { connectionTimeout: connectTimeoutMs, socketTimeout: idleTimeoutMs, ...agentsFor(proxy) },
    // The signature holds the SHA-256 of every body, and not all storages know the checksums that the client would add.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  return { sdk, client };
}

/** What is asked of our rules for proxies; the region may be known to the client alone. */
function awsUrl(bucket: string, region: string | undefined): string {
  return `https://${bucket}.s3.${region === undefined ? '' : `${region}.`}amazonaws.com`;
}

/** Our rules have spoken already, so these go through the proxy whatever they are asked for. */
function agentsFor(proxy: URL | undefined) {
  if (proxy === undefined) return {};
  const options = { keepAlive: true, maxSockets: CONNECTIONS_MAX };
  return {
    httpAgent: new HttpAgent({ ...options, proxyEnv: { HTTP_PROXY: proxy.href } }),
    httpsAgent: new HttpsAgent({ ...options, proxyEnv: { HTTPS_PROXY: proxy.href } }),
  };
}

function headers({ contentType, metadata }: ObjectHead) {
  return { ...(contentType !== null && { ContentType: contentType }), Metadata: { ...metadata } };
}

function optional(signal: AbortSignal | undefined) {
  return signal === undefined ? {} : { abortSignal: signal };
}

function nothing(error: unknown): undefined {
  if (error instanceof NothingThereError) return undefined;
  throw error;
}
