import type { DigestId, EventId } from '../core/id.js';
import { isDigest, type Message } from '../engine/attempt.js';

/** What a message is, for `--json`. */
export type MessageIds =
  | { readonly event: EventId }
  | { readonly digest: DigestId; readonly events: readonly EventId[] };

export function idsOf(message: Message): MessageIds {
  if (!isDigest(message)) return { event: message.id };
  return { digest: message.id, events: message.events.map(({ id }) => id) };
}
