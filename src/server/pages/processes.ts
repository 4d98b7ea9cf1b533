import { html } from 'hono/html';
import { type ProcessView, processName, processWords } from '../../views/process-view.js';
import { badge, type Html, table, time } from './parts.js';

/** Nothing where one process does everything. */
export function processList(processes: readonly ProcessView[]): Html {
  if (processes.length === 0) return html``;
  const list = table(
    'Processes',
    [
      { title: 'Process', cell: processName },
      { title: 'Role', cell: ({ role }) => badge(role), isShort: true },
      { title: 'Since', cell: ({ since }) => time(since), isShort: true },
      { title: 'What it does', cell: processWords },
    ],
    processes,
  );
  return html`<section id="processes" data-part aria-labelledby="h-processes"><h2 id="h-processes">Processes</h2>
${list}</section>`;
}
