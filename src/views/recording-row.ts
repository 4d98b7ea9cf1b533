import type { RememberedRecording } from '../ports.js';

/** What a program is shown of a recording: `recordings --json`, and `/api/recordings`. */
export function recordingRow({ source, uuid, state }: RememberedRecording) {
  const { roomId, meetingId, status, firstSeenAtMs, availableAtMs, availableCount } = state;
  return {
    source,
    uuid: uuid as string,
    roomId,
    meetingId,
    status,
    firstSeenAt: new Date(firstSeenAtMs).toISOString(),
    availableAt: availableAtMs === null ? null : new Date(availableAtMs).toISOString(),
    occurrence: availableCount,
  };
}
