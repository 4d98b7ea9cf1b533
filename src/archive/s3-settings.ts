import { z } from 'zod';
import { boolean, type Flaw, httpUrl, issueOf, secret } from '../settings.js';

export interface S3Address {
  readonly bucket: string;
  /** Without a slash at either end; empty for the whole bucket. */
  readonly prefix: string;
}

/** A key has 1,024 bytes at most, and a path comes behind it. */
const PREFIX_BYTES_MAX = 300;
const ADDRESS = /^s3:\/\/([a-zA-Z0-9][a-zA-Z0-9._-]{1,61}[a-zA-Z0-9])(?:\/(.*))?$/s;

/** What `to` says when it begins with `s3://`. */
export function readS3Address(text: string): S3Address | Flaw {
  const [, bucket, rest = ''] = ADDRESS.exec(text) ?? [];
  if (bucket === undefined) {
    return { problem: 'names no bucket', hint: 'write s3://bucket or s3://bucket/prefix, and the rest as settings' };
  }
  const prefix = rest.replace(/^\/+|\/+$/g, '');
  const isPlain = prefix.isWellFormed() && !/\p{Cc}/u.test(prefix);
  const isPath = prefix.split('/').every((part) => part !== '.' && part !== '..' && (part !== '' || prefix === ''));
  if (!isPlain || !isPath || Buffer.byteLength(prefix) > PREFIX_BYTES_MAX) {
    return {
      problem: 'has a prefix that is no path',
      hint: `write one without . and .., of ${PREFIX_BYTES_MAX} bytes`,
    };
  }
  return { bucket, prefix };
}

/** How to speak to the storage. Everything has a default of the client: environment, profiles, and what a machine in a cloud is given. */
export const s3Settings = z
  .strictObject({
    endpoint: httpUrl()
      .optional()
      .meta({ example: 'https://s3.example.com' })
      .describe('Where the storage is; without it, AWS.'),
    region: z
      .string()
      .regex(/^[a-z0-9-]+$/, 'is not a region')
      .optional()
      .meta({ example: 'eu-central-1' })
      .describe('Its region; with an endpoint, us-east-1 where nothing says another.'),
    forcePathStyle: boolean()
      .optional()
      .describe('Whether the bucket goes into the path, not the host name; with an endpoint, true.'),
    accessKeyId: secret().optional().describe('The key; without it, what AWS programs take by themselves.'),
    secretAccessKey: secret().optional().describe('The secret of the key.'),
  })
  .superRefine(({ accessKeyId, secretAccessKey }, context) => {
    if ((accessKeyId === undefined) === (secretAccessKey === undefined)) return;
    const [given, lacking] =
      accessKeyId === undefined ? ['secretAccessKey', 'accessKeyId'] : ['accessKeyId', 'secretAccessKey'];
    context.addIssue(issueOf({ problem: `${given} needs ${lacking}`, hint: 'write both or neither', isBare: true }));
  });

export type S3Settings = z.output<typeof s3Settings>;
