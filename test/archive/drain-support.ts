import type { ArchivedFile } from '../../src/archive/define.js';
import type { RecordingUuid } from '../../src/core/id.js';
import type { Recording } from '../../src/core/recording.js';

const REST = { roomId: null, meetingId: null, createdAt: null };

export function recordingNamed(uuid: string): Recording {
  return { ...REST, uuid: uuid as RecordingUuid, status: 'available', url: `https://files.example/${uuid}.mp4` };
}

/** What is noted of a recording of 5 bytes. */
export function fileOf({ uuid }: Pick<Recording, 'uuid'>): ArchivedFile {
  const notes = { bytes: 5, sha256: '0'.repeat(64), contentType: 'video/mp4', archivedAt: '2024-05-13T17:14:00.941Z' };
  return { ...REST, source: 'main', uuid, occurrence: 1, path: `${uuid}.mp4`, ...notes };
}
