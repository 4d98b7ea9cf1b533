import { html } from 'hono/html';
import { type Html, link, storyPath } from './parts.js';

/** Uuids that somebody may have meant; nothing where none is like theirs. */
export function didYouMean(near: readonly string[]): Html {
  if (near.length === 0) return html``;
  const links = near.map(
    (uuid, index) => html`${index === 0 ? '' : ' or '}<span class="id">${link(storyPath(uuid), uuid)}</span>`,
  );
  return html`<p>Did you mean ${links}?</p>`;
}
