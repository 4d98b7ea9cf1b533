import { z } from 'zod';
import type { RecordingUuid } from '../core/id.js';

/** What every manifest says of a file: the fields of an ArchivedFile apart from where it lies, which each target judges by its own rules. */
export const archivedFields = {
  source: z.string(),
  uuid: z.string().transform((text) => text as RecordingUuid),
  occurrence: z.int(),
  roomId: z.string().nullable(),
  meetingId: z.string().nullable(),
  createdAt: z.string().nullable(),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  contentType: z.string().nullable(),
  archivedAt: z.string(),
} as const;
