import { z } from 'zod';
import { type Flaw, issueOf, scalar } from '../settings.js';
import { DEFAULT_TEMPLATE, templateProblem } from './names.js';
import type { ArchiveSettings } from './place.js';
import { readS3Address, s3Settings } from './s3-settings.js';

/** Where an archive is and what it is like, as a config says it. */
export const archiveSettings = z
  .strictObject({
    to: z
      .string()
      .min(1)
      .meta({ want: 'a folder, or s3://bucket/prefix' })
      .superRefine((text, context) => {
        const flaw = placeFlaw(text);
        if (flaw !== undefined) context.addIssue(issueOf(flaw));
      })
      .describe('The folder, or the bucket and prefix, to keep recordings in.'),
    name: z
      .string()
      .superRefine((template, context) => {
        const problem = templateProblem(template);
        if (problem !== undefined) context.addIssue(issueOf({ problem: `cannot name files: ${problem}` }));
      })
      .prefault(DEFAULT_TEMPLATE)
      .describe(
        'How files are named, of {source} {room} {meeting} {uuid} {date} {time} {occurrence} {ext}; what a file system does not take is replaced.',
      ),
    maxRate: byteRate()
      .optional()
      .meta({ example: '20MB/s' })
      .describe('What its downloads may take of the line, all together.'),
    s3: s3Settings.optional().describe('For s3://: how to speak to the storage.'),
  })
  .superRefine(({ to, s3 }, context) => {
    if (s3 === undefined || isS3(to)) return;
    context.addIssue({ ...issueOf({ problem: 'is for an archive in s3://…', isBare: true }), path: ['s3'] });
  });

/** As {@link "./place.js".placeOf} takes them. */
export function readArchiveSettings({ to, name, maxRate, s3 }: z.output<typeof archiveSettings>): ArchiveSettings {
  return { to, template: name, bytesPerSecond: maxRate, s3: s3 ?? {} };
}

function isS3(to: string): boolean {
  return to.startsWith('s3://');
}

function placeFlaw(to: string): Flaw | undefined {
  if (isS3(to)) {
    const address = readS3Address(to);
    return 'problem' in address ? address : undefined;
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(to)) {
    return { problem: 'is neither a folder nor a bucket', hint: 'write ./archive or s3://bucket/prefix' };
  }
  return to.includes('\0') ? { problem: 'is no folder', hint: 'write one such as ./archive' } : undefined;
}

const RATE_UNIT_BYTES = { kB: 1_000, MB: 1_000_000, GB: 1_000_000_000 } as const;
const RATE_HINT = 'write kB, MB or GB a second, such as 20MB/s';

/** `20MB/s`, in steps of a thousand; bytes a second after parsing. */
export function byteRate() {
  const form = { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)?(kB|MB|GB)/s$' };
  return scalar({ form, want: 'a rate such as 20MB/s' }, (text) => {
    const [, number, unit] = /^(\d+(?:\.\d+)?)(kB|MB|GB)\/s$/.exec(text) ?? [];
    if (number === undefined) return { problem: 'is not a rate of bytes', hint: RATE_HINT };
    const value = Math.floor(Number(number) * RATE_UNIT_BYTES[unit as keyof typeof RATE_UNIT_BYTES]);
    return value >= 1_000 && value <= 1e12 ? { value } : { problem: 'is too small or too large', hint: RATE_HINT };
  });
}
