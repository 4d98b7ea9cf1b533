import { html } from 'hono/html';
import type { Status } from '../../views/status.js';
import { counted, type Html, number } from './parts.js';

/** How many a source has: by its last list, or by what is remembered while there was none since the start. */
export function recordingsCount({
  recordings,
  available,
  processing,
  remembered,
  rememberedAvailable,
}: Status['sources'][number]): Html {
  if (recordings !== null)
    return html`${number(recordings)} <small>(${number(available)} available, ${number(processing)} in processing)</small>`;
  if (remembered === null) return html`not known yet`;
  const rest = counted(rememberedAvailable ?? 0, 'of them available', 'of them available');
  return html`${number(remembered)} remembered <small>(${rest}; no complete list since the start)</small>`;
}
