import { html } from 'hono/html';
import type { Status } from '../../views/status.js';
import { type Html, sentence } from './parts.js';

/** That the program does not run what its file says: whoever changed that believes otherwise. */
export function reloadTroubles({ config: { refused } }: Pick<Status, 'config'>) {
  if (refused === null) return [];
  const { words, errors, problems } = refused;
  const rest = errors - problems.length;
  const more: readonly Html[] = rest > 0 ? [html`<br>${rest} more: "check" has all of them.`] : [];
  const lines = problems.map((problem) => html`<br><code>${problem}</code>`);
  return [{ what: 'The config', words: html`${sentence(words)}${[...lines, ...more]}`, deeds: [] }];
}
